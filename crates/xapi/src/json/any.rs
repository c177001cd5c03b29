//! Any JSON value: the content of extensions. Checked, digested if wanted, otherwise left alone.

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use super::{Cursor, Open};
use crate::fingerprint::{self as digest, List, Sum};
use crate::invalid::Fault;

/// How deep values inside extensions may nest. Real ones stay under ten; the limit bounds the stack.
pub(crate) const EXTENSION_DEPTH_MAX: usize = 64;

impl Cursor<'_> {
    /// Consumes any value, null included, and returns its digest.
    pub(crate) fn any(&mut self) -> Result<u128, Fault> {
        match self.peek() {
            Some(b'{') => self.deeper(Self::any_object),
            Some(b'[') => self.deeper(Self::any_array),
            Some(b'"') => {
                let text = self.string()?;
                Ok(self.digest.text(&text.value))
            }
            Some(b't' | b'f') => Ok(digest::boolean(self.boolean()?)),
            Some(b'n') => self.literal("null").map(|()| digest::NULL),
            Some(b'-' | b'0'..=b'9') => {
                let number = self.number()?;
                Ok(self.digest.number(&number.value()))
            }
            _ => Err(self.grammar("a JSON value")),
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Result<u128, Fault>) -> Result<u128, Fault> {
        if self.depth == EXTENSION_DEPTH_MAX {
            let rule = format!("nested deeper than {EXTENSION_DEPTH_MAX} levels, the limit of this server");
            return Err(Fault::new(self.at, rule, "RFC 8259 9"));
        }
        self.depth += 1;
        let digest = read(self)?;
        self.depth -= 1;
        Ok(digest)
    }

    fn any_object(&mut self) -> Result<u128, Fault> {
        let mut open = self.object()?;
        let mut keys = Keys::default();
        let mut sum = Sum::default();
        while let Some(key) = self.key(&mut open)? {
            keys.add(&key.value, key.at);
            let name = self.digest.text(&key.value);
            sum.named(name, self.any()?);
        }
        keys.distinct()?;
        Ok(sum.object())
    }

    fn any_array(&mut self) -> Result<u128, Fault> {
        let mut open: Open = self.array()?;
        let mut list = List::default();
        while self.item(&mut open)? {
            list.push(self.any()?);
        }
        Ok(list.finish())
    }
}

/// The keys of an object whose names are free, to find one that occurs twice (1.0.3 Data 2.2).
#[derive(Default)]
pub(crate) struct Keys(SmallVec<[(u64, usize); 8]>);

impl Keys {
    /// Notes the key that begins at `at`.
    pub(crate) fn add(&mut self, key: &str, at: usize) {
        self.0.push((xxh3_64(key.as_bytes()), at));
    }

    /// Refuses two equal keys.
    pub(crate) fn distinct(self) -> Result<(), Fault> {
        match self.repeated() {
            None => Ok(()),
            Some(at) => Err(Fault::new(at, "a key occurs twice in one object", "xAPI 1.0.3 Data 2.2")),
        }
    }

    /// Where a key stands that was there before. Sorting keeps an object with a million keys harmless.
    pub(crate) fn repeated(mut self) -> Option<usize> {
        if self.0.len() < 2 {
            return None;
        }
        self.0.sort_unstable();
        self.0.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1)
    }
}
