//! Walking JSON that is known to be valid, without reading it: members, items and where values end.
//!
//! On anything else it stays total: it may split in odd places, but it neither panics nor loops.

use std::borrow::Cow;

use crate::fingerprint::Digest;
use crate::json::{Cursor, Rules};

/// What a rewriting callback did with the value of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    /// Nothing: copy it.
    Kept,
    /// It appended another value.
    Written,
    /// The member is left out.
    Dropped,
}

/// Appends `object` with the values that `rewrite` wants changed.
pub(crate) fn rewrite_object(
    object: &[u8],
    out: &mut Vec<u8>,
    mut rewrite: impl FnMut(&str, &[u8], &mut Vec<u8>) -> Member,
) {
    out.push(b'{');
    let start = out.len();
    for (key, value) in members(object) {
        let before = out.len();
        if before > start {
            out.push(b',');
        }
        out.extend_from_slice(key);
        out.push(b':');
        match rewrite(&decode(key), value, out) {
            Member::Kept => out.extend_from_slice(value),
            Member::Written => {}
            Member::Dropped => out.truncate(before),
        }
    }
    out.push(b'}');
}

/// Appends `array` with each item rewritten.
pub(crate) fn rewrite_array(array: &[u8], out: &mut Vec<u8>, mut rewrite: impl FnMut(&[u8], &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items(array).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        rewrite(item, out);
    }
    out.push(b']');
}

/// The value of the member `name`.
pub(crate) fn member<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    members(object).find(|(key, _)| decode(key) == name).map(|(_, value)| value)
}

/// The members of an object: the key in its quotes, and the value.
pub(crate) fn members(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut values = Values { bytes: object, at: 1 };
    std::iter::from_fn(move || {
        let key = values.next()?;
        let value = values.next()?;
        Some((key, value))
    })
}

/// The items of an array.
pub(crate) fn items(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    Values { bytes: array, at: 1 }
}

/// The text of a string in its quotes; empty if it is none.
pub(crate) fn decode(quoted: &[u8]) -> Cow<'_, str> {
    let text = Cursor::new(quoted, Rules::STORED, Digest::Skipped).and_then(|mut cursor| cursor.string());
    text.map(|text| text.value).unwrap_or_default()
}

/// Values one after the other, whatever separates them.
struct Values<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while matches!(self.bytes.get(self.at)?, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') {
            self.at += 1;
        }
        let start = self.at;
        self.at = value_end(self.bytes, start)?;
        Some(&self.bytes[start..self.at])
    }
}

/// One past the value that begins at `at`; `None` at the end of a container.
pub(crate) fn value_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => return Some(string_end(bytes, at)),
        b'}' | b']' => return None,
        b'{' | b'[' => {}
        _ => {
            let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':' | b' ' | b'\t' | b'\n' | b'\r');
            let length = bytes[at..].iter().position(is_end).unwrap_or(bytes.len() - at);
            return Some(at + length.max(1));
        }
    }
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    Some(at)
}

/// One past the closing quote of the string that begins at `at`.
pub(crate) fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(found) = bytes.get(end..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        end += found;
        if bytes[end] == b'"' {
            return end + 1;
        }
        end += 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_split_into_their_values() {
        let object = br#"{ "a" : 1 , "b\"c":[{"x":"}"},2],"d":"" , "e":{"f":null}}"#;
        let shown: Vec<_> = members(object)
            .map(|(key, value)| format!("{}={}", decode(key), String::from_utf8_lossy(value)))
            .collect();
        assert_eq!(shown, ["a=1", "b\"c=[{\"x\":\"}\"},2]", "d=\"\"", "e={\"f\":null}"]);
        assert_eq!(items(b"[]").count(), 0);
        assert_eq!(member(object, "b\"c").map(|array| items(array).count()), Some(2));
    }

    #[test]
    fn broken_input_ends() {
        for broken in ["", "{", "{\"", "{\"a\"", "[1,", "[[[", "\"\\", "}", "{]", "nonsense, more"] {
            assert!(members(broken.as_bytes()).count() < 10, "{broken}");
            assert!(items(broken.as_bytes()).count() < 10, "{broken}");
        }
    }
}
