//! JSON strings: borrowed when plain, decoded when they contain escapes.

use std::borrow::Cow;

use super::{Cursor, GRAMMAR, Text};
use crate::invalid::Fault;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = ONES * b'"' as u64;
const BACKSLASHES: u64 = ONES * b'\\' as u64;
const SPACES: u64 = ONES * b' ' as u64;

impl<'a> Cursor<'a> {
    /// Consumes a string.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Text<'a>, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a string"));
        }
        self.quoted()
    }

    /// Consumes the string whose opening quote is the next byte.
    #[inline]
    pub(super) fn quoted(&mut self) -> Result<Text<'a>, Fault> {
        let at = self.at;
        let end = plain_end(self.bytes, at + 1);
        if self.bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Text { value: Cow::Borrowed(&self.text[at + 1..end]), at });
        }
        self.escaped(at, end)
    }

    /// The rest of a string whose plain part ends at `end`.
    #[cold]
    fn escaped(&mut self, at: usize, mut end: usize) -> Result<Text<'a>, Fault> {
        let mut value = String::from(&self.text[at + 1..end]);
        loop {
            match self.bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end = self.escape(end, &mut value)?,
                Some(_) => {
                    let rule = "not JSON: a control character in a string must be escaped";
                    return Err(Fault::new(end, rule, "RFC 8259 7"));
                }
                None => return Err(Fault::new(at, "not JSON: a string that does not end", GRAMMAR)),
            }
            let next = plain_end(self.bytes, end);
            value.push_str(&self.text[end..next]);
            end = next;
        }
        self.at = end + 1;
        Ok(Text { value: Cow::Owned(value), at })
    }

    /// Decodes the escape at `at` into `value` and returns where it ends.
    fn escape(&self, at: usize, value: &mut String) -> Result<usize, Fault> {
        let plain = match self.bytes.get(at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(at, value),
            _ => return Err(Fault::new(at, "not JSON: an unknown escape", "RFC 8259 7")),
        };
        value.push(plain);
        Ok(at + 2)
    }

    /// `\uXXXX`, or two of them for a character beyond U+FFFF.
    fn unicode(&self, at: usize, value: &mut String) -> Result<usize, Fault> {
        let high = self.hex4(at)?;
        if let Some(single) = char::from_u32(high) {
            value.push(single);
            return Ok(at + 6);
        }
        let lone = || Fault::new(at, "not Unicode: half a surrogate pair", "RFC 8259 8.2");
        if high >= 0xdc00 || self.bytes.get(at + 6..at + 8) != Some(b"\\u") {
            return Err(lone());
        }
        let low = self.hex4(at + 6)?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err(lone());
        }
        let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        value.push(char::from_u32(code).ok_or_else(lone)?);
        Ok(at + 12)
    }

    fn hex4(&self, at: usize) -> Result<u32, Fault> {
        let digits = self.bytes.get(at + 2..at + 6).unwrap_or_default();
        let mut code = 0;
        for digit in digits.iter().filter_map(|&byte| char::from(byte).to_digit(16)) {
            code = code << 4 | digit;
        }
        if digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit) {
            return Ok(code);
        }
        Err(Fault::new(at, "not JSON: `\\u` needs four hex digits", "RFC 8259 7"))
    }
}

/// The first quote, backslash or control character from `at` on, or the end. Eight bytes at a time.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    let mut rest = bytes.get(at..).unwrap_or_default();
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        // A byte that is sought becomes zero, so that subtracting one borrows from its highest bit. Bytes beyond
        // ASCII have that bit anyway and are left out. A borrow marks only bytes above a true hit.
        let quote = (word ^ QUOTES).wrapping_sub(ONES);
        let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES);
        let control = word.wrapping_sub(SPACES);
        let special = (quote | backslash | control) & !word & HIGHS;
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
        rest = tail;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    at + rest.iter().position(is_special).unwrap_or(rest.len())
}
