//! Extensions (1.0.3 Data 4.1): IRIs to any JSON value, kept byte for byte.

use super::Read;
use crate::fingerprint::Sum;
use crate::invalid::Fault;
use crate::iri::is_iri;
use crate::json::{Cursor, Keys};
use crate::statement::RawJson;

pub(super) fn extensions<'a>(cursor: &mut Cursor<'a>) -> Read<RawJson<'a>> {
    if cursor.rules.trusted {
        return Ok((cursor.skip_object()?, 0));
    }
    let mut open = cursor.object()?;
    let mut keys = Keys::default();
    let mut sum = Sum::default();
    while let Some(key) = cursor.key(&mut open)? {
        if !is_iri(&key.value) {
            let rule = "the key of an extension must be an IRI with a scheme";
            return Err(Fault::new(key.at, rule, "xAPI 1.0.3 Data 4.1"));
        }
        keys.add(&key.value, key.at);
        let name = cursor.digest.text(&key.value);
        sum.named(name, cursor.any()?);
    }
    keys.distinct()?;
    Ok((cursor.since(open.start), sum.object()))
}
