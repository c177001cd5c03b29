//! A cursor over JSON text (RFC 8259), strict and without a tree: callers say what they expect next.
//!
//! Strings are borrowed unless they contain escapes. Nothing recurses except [`Cursor::any`], which reads
//! extensions and counts its depth.

mod any;
mod pointer;
mod string;

use std::borrow::Cow;

pub(crate) use any::Keys;
pub(crate) use pointer::pointer_at;

use crate::Version;
use crate::decimal::Decimal;
use crate::fingerprint::Digest;
use crate::invalid::Fault;
use crate::skim;
use crate::stamp::Edits;

const GRAMMAR: &str = "RFC 8259";

/// Which version's rules hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// `contextAgents`, `contextGroups` and version 2.0 are allowed.
    pub(crate) allows_2_0: bool,
    /// Timestamps must be RFC 3339; otherwise the wider ISO 8601 forms of 1.0.3 pass too.
    pub(crate) strict_time: bool,
    /// The bytes were accepted before: language maps, extensions and the form of strings are not checked again.
    pub(crate) trusted: bool,
}

impl Rules {
    /// The rules of a request of `version`.
    pub(crate) fn request(version: Version) -> Self {
        let two = version == Version::V2_0_0;
        Self { allows_2_0: two, strict_time: two, trusted: false }
    }

    /// What was stored under either version.
    pub(crate) const STORED: Self = Self { allows_2_0: true, strict_time: false, trusted: true };
}

/// A place in a JSON text, and what is being collected on the way.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    pub(crate) rules: Rules,
    pub(crate) digest: Digest,
    pub(crate) edits: Edits,
}

/// A string value or key, and where its opening quote stands.
#[derive(Clone, Debug)]
pub(crate) struct Text<'a> {
    pub(crate) value: Cow<'a, str>,
    pub(crate) at: usize,
}

/// A number, as written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

impl Number<'_> {
    /// Its exact value.
    #[inline]
    pub(crate) fn value(&self) -> Decimal {
        Decimal::parse(self.text)
    }
}

/// The members of an object or the items of an array that is being read.
pub(crate) struct Open {
    pub(crate) start: usize,
    first: bool,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`, which must be UTF-8.
    pub(crate) fn new(bytes: &'a [u8], rules: Rules, digest: Digest) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Fault::new(error.valid_up_to(), "not UTF-8", "RFC 8259 8.1"))?;
        Ok(Self { text, bytes, at: 0, depth: 0, rules, digest, edits: Edits::default() })
    }

    /// The next byte that is not white space, without consuming it.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Where the cursor stands.
    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The bytes from `start` to here.
    #[inline]
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    /// Consumes `{`.
    #[inline]
    pub(crate) fn object(&mut self) -> Result<Open, Fault> {
        if self.peek() != Some(b'{') {
            return Err(self.unexpected("an object"));
        }
        self.at += 1;
        Ok(Open { start: self.at - 1, first: true })
    }

    /// Consumes `[`.
    #[inline]
    pub(crate) fn array(&mut self) -> Result<Open, Fault> {
        if self.peek() != Some(b'[') {
            return Err(self.unexpected("an array"));
        }
        self.at += 1;
        Ok(Open { start: self.at - 1, first: true })
    }

    /// The next key of an open object with its colon, or `None` after consuming `}`.
    #[inline]
    pub(crate) fn key(&mut self, open: &mut Open) -> Result<Option<Text<'a>>, Fault> {
        match self.peek() {
            Some(b',') if !open.first => self.at += 1,
            Some(b'"') if open.first => open.first = false,
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            _ if open.first => return Err(self.grammar("a key in double quotes")),
            _ => return Err(self.grammar("`,` or `}`")),
        }
        if self.peek() != Some(b'"') {
            return Err(self.grammar("a key in double quotes"));
        }
        let key = self.quoted()?;
        if self.peek() != Some(b':') {
            return Err(self.grammar("`:` after a key"));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Whether an open array has another item; consumes `]` if not.
    #[inline]
    pub(crate) fn item(&mut self, open: &mut Open) -> Result<bool, Fault> {
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                return Ok(false);
            }
            _ if open.first => open.first = false,
            Some(b',') => {
                self.at += 1;
                if self.peek() == Some(b']') {
                    return Err(self.grammar("another value after `,`"));
                }
            }
            _ => return Err(self.grammar("`,` or `]`")),
        }
        Ok(true)
    }

    /// Consumes `true` or `false`.
    pub(crate) fn boolean(&mut self) -> Result<bool, Fault> {
        match self.peek() {
            Some(b't') => self.literal("true").map(|()| true),
            Some(b'f') => self.literal("false").map(|()| false),
            _ => Err(self.unexpected("true or false")),
        }
    }

    fn literal(&mut self, word: &'static str) -> Result<(), Fault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.grammar("a JSON value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Consumes a number (RFC 8259 6: no leading zeros, no plus sign, no NaN).
    pub(crate) fn number(&mut self) -> Result<Number<'a>, Fault> {
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(self.unexpected("a number"));
        }
        let start = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Number { text: &self.text[start..self.at], at: start })
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at == start { Err(self.grammar("a digit")) } else { Ok(()) }
    }

    /// Passes over an object without looking into it.
    pub(crate) fn skip_object(&mut self) -> Result<&'a [u8], Fault> {
        if self.peek() != Some(b'{') {
            return Err(self.unexpected("an object"));
        }
        let start = self.at;
        self.at = skim::value_end(self.bytes, start).unwrap_or(self.bytes.len());
        Ok(self.since(start))
    }

    /// Nothing but white space may be left.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.grammar("the end of the body")),
        }
    }

    /// A value of another type than the standard wants here, or no value at all.
    #[cold]
    #[inline(never)]
    pub(crate) fn unexpected(&mut self, expected: &str) -> Fault {
        let found = match self.peek() {
            Some(b'n') if self.bytes[self.at..].starts_with(b"null") => {
                let rule = format!("null is allowed only inside extensions, expected {expected}");
                return Fault::new(self.at, rule, "xAPI 1.0.3 Data 2.2");
            }
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => return self.grammar(expected),
        };
        Fault::new(self.at, format!("expected {expected}, found {found}"), "xAPI 1.0.3 Data 2.2")
    }

    #[cold]
    #[inline(never)]
    fn grammar(&self, expected: &str) -> Fault {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => format!("`{}`", found.escape_debug()),
            None => "the end of the body".to_owned(),
        };
        Fault::new(self.at, format!("not JSON: expected {expected}, found {found}"), GRAMMAR)
    }
}
