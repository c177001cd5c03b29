//! Language maps (1.0.3 Data 4.2): language tags to plain text.

use super::Read;
use crate::fingerprint::Sum;
use crate::invalid::Fault;
use crate::json::{Cursor, Keys};
use crate::language::{self, is_language_tag};

pub(super) fn language_map(cursor: &mut Cursor<'_>) -> Read<()> {
    if cursor.rules.trusted {
        cursor.skip_object()?;
        return Ok(((), 0));
    }
    let mut open = cursor.object()?;
    let mut keys = Keys::default();
    let mut sum = Sum::default();
    while let Some(key) = cursor.key(&mut open)? {
        if !is_language_tag(&key.value) {
            return Err(Fault::new(key.at, language::fault(&key.value), "xAPI 1.0.3 Data 4.2"));
        }
        keys.add(&key.value, key.at);
        let text = cursor.string()?;
        sum.named(cursor.digest.caseless(&key.value), cursor.digest.text(&text.value));
    }
    keys.distinct()?;
    Ok(((), sum.object()))
}
