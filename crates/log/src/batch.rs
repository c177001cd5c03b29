//! Records in one buffer: the form in which they are collected, appended, and read back.
//!
//! A record is `key_len u16 | headers_len u16 | value_len u32 | key | headers | value`, little endian; headers are
//! `name_len u8 | name | value_len u16 | value` one after the other. Embedded segments hold these bytes as they are.

use bytes::Bytes;

use crate::Position;

const PREFIX_BYTES: usize = 8;

/// Records to be appended together.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Batch {
    /// An empty batch with room for `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), starts: Vec::new() }
    }

    /// Adds a record whose value is what `write` appends; returns what `write` returns.
    ///
    /// # Panics
    /// When key or headers are over 64 KiB, a header's name over 255 bytes, or the value over 4 GiB: callers have limits far below.
    pub fn push<T>(
        &mut self,
        key: &[u8],
        headers: &[(&str, &[u8])],
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> T {
        let start = self.bytes.len();
        self.starts.push(start);
        self.bytes.extend_from_slice(&[0; PREFIX_BYTES]);
        self.bytes.extend_from_slice(key);
        let headers_start = self.bytes.len();
        for (name, value) in headers {
            self.bytes.push(u8::try_from(name.len()).expect("header names are short constants"));
            self.bytes.extend_from_slice(name.as_bytes());
            let length = u16::try_from(value.len()).expect("header values are under 64 KiB");
            self.bytes.extend_from_slice(&length.to_le_bytes());
            self.bytes.extend_from_slice(value);
        }
        let value_start = self.bytes.len();
        let result = write(&mut self.bytes);
        let key_length = u16::try_from(key.len()).expect("keys are under 64 KiB");
        let headers_length = u16::try_from(value_start - headers_start).expect("headers are under 64 KiB");
        let value_length = u32::try_from(self.bytes.len() - value_start).expect("values are under 4 GiB");
        self.bytes[start..start + 2].copy_from_slice(&key_length.to_le_bytes());
        self.bytes[start + 2..start + 4].copy_from_slice(&headers_length.to_le_bytes());
        self.bytes[start + 4..start + 8].copy_from_slice(&value_length.to_le_bytes());
        result
    }

    /// The encoded headers and the value of record `index`, to be changed in place (their lengths are fixed).
    pub fn parts_mut(&mut self, index: usize) -> (&mut [u8], &mut [u8]) {
        let start = self.starts[index];
        let (key, headers, value) = lengths(&self.bytes[start..]).expect("written by push");
        let from = start + PREFIX_BYTES + key;
        self.bytes[from..from + headers + value].split_at_mut(headers)
    }

    /// The records in order.
    pub fn iter(&self) -> impl Iterator<Item = RecordRef<'_>> {
        self.starts.iter().map(|&start| RecordRef::parse(&self.bytes[start..]).expect("written by push").0)
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// All records, encoded one after the other.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// One record, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// What decides the partition.
    pub key: &'a [u8],
    /// The encoded headers.
    pub headers: Headers<'a>,
    /// The content.
    pub value: &'a [u8],
}

impl<'a> RecordRef<'a> {
    /// Reads the record at the start of `bytes`; `None` when they are no whole record. Also returns what follows.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (key, headers, value) = lengths(bytes)?;
        let rest = &bytes[PREFIX_BYTES..];
        let (key, rest) = rest.split_at_checked(key)?;
        let (headers, rest) = rest.split_at_checked(headers)?;
        let (value, rest) = rest.split_at_checked(value)?;
        Some((Self { key, headers: Headers(headers), value }, rest))
    }
}

/// The headers of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers<'a>(&'a [u8]);

impl<'a> Headers<'a> {
    /// The first header of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == name.as_bytes()).map(|(_, value)| value)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (&length, tail) = rest.split_first()?;
            let (name, tail) = tail.split_at_checked(usize::from(length))?;
            let (length, tail) = tail.split_first_chunk::<2>()?;
            let (value, tail) = tail.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            rest = tail;
            Some((name, value))
        })
    }
}

/// Records of one partition as they were read, in order.
#[derive(Clone, Debug, Default)]
pub struct Records {
    bytes: Bytes,
    positions: Vec<Position>,
    next: Position,
}

impl Records {
    /// `bytes` holds one encoded record per position; reading goes on at `next`.
    #[must_use]
    pub fn new(bytes: Bytes, positions: Vec<Position>, next: Position) -> Self {
        Self { bytes, positions, next }
    }

    /// Each record with its position.
    pub fn iter(&self) -> impl Iterator<Item = (Position, RecordRef<'_>)> {
        let mut rest: &[u8] = &self.bytes;
        self.positions.iter().map(move |&position| {
            let (record, tail) = RecordRef::parse(rest).expect("backends hand out whole records");
            rest = tail;
            (position, record)
        })
    }

    /// Where to read on.
    #[must_use]
    pub fn next(&self) -> Position {
        self.next
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Bytes of all records.
    #[must_use]
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }
}

fn lengths(bytes: &[u8]) -> Option<(usize, usize, usize)> {
    let prefix = bytes.first_chunk::<PREFIX_BYTES>()?;
    let key = u16::from_le_bytes([prefix[0], prefix[1]]);
    let headers = u16::from_le_bytes([prefix[2], prefix[3]]);
    let value = u32::from_le_bytes([prefix[4], prefix[5], prefix[6], prefix[7]]);
    Some((key.into(), headers.into(), usize::try_from(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Batch {
        let mut batch = Batch::with_capacity(64);
        let written = batch.push(b"k", &[("a", b"1"), ("b", b""), ("a", b"2")], |bytes| {
            bytes.extend_from_slice(b"first");
            "returned"
        });
        assert_eq!(written, "returned");
        batch.push(b"", &[], |_| ());
        batch
    }

    #[test]
    fn records_come_back_as_they_were_pushed() {
        let batch = two();
        let found: Vec<_> = batch.iter().collect();
        assert_eq!((batch.len(), found.len()), (2, 2));
        assert_eq!((found[0].key, found[0].value), (&b"k"[..], &b"first"[..]));
        assert_eq!((found[1].key, found[1].value), (&b""[..], &b""[..]));
        assert_eq!(found[0].headers.get("a"), Some(&b"1"[..]), "the first of that name");
        assert_eq!(found[0].headers.get("b"), Some(&b""[..]));
        assert_eq!(found[0].headers.get("c"), None);
        let names: Vec<_> = found[0].headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names, [b"a", b"b", b"a"]);
    }

    #[test]
    fn headers_and_value_change_in_place() {
        let mut batch = two();
        let (headers, value) = batch.parts_mut(0);
        assert_eq!(headers, b"\x01a\x01\x001\x01b\0\0\x01a\x01\x002");
        headers[4] = b'9';
        value[0] = b'F';
        let record = batch.iter().next().unwrap();
        assert_eq!((record.headers.get("a"), record.value), (Some(&b"9"[..]), &b"First"[..]));
    }

    #[test]
    fn the_encoding_is_the_released_one() {
        let mut batch = Batch::default();
        batch.push(b"key", &[("h", b"xy")], |bytes| bytes.extend_from_slice(b"value"));
        assert_eq!(batch.as_bytes(), b"\x03\0\x06\0\x05\0\0\0key\x01h\x02\0xyvalue");
    }

    #[test]
    fn a_part_of_a_record_is_none() {
        let batch = two();
        let first = batch.as_bytes().len() - PREFIX_BYTES;
        for length in 0..first {
            assert_eq!(RecordRef::parse(&batch.as_bytes()[..length]), None, "{length} bytes");
        }
        let (_, rest) = RecordRef::parse(batch.as_bytes()).unwrap();
        assert_eq!(RecordRef::parse(rest).unwrap().1, b"");
    }

    #[test]
    fn records_read_have_their_positions() {
        let bytes = Bytes::copy_from_slice(two().as_bytes());
        let records = Records::new(bytes, vec![Position(4), Position(7)], Position(9));
        let found: Vec<_> = records.iter().map(|(position, record)| (position.0, record.value)).collect();
        assert_eq!(found, [(4, &b"first"[..]), (7, b"")]);
        assert_eq!((records.len(), records.is_empty(), records.next()), (2, false, Position(9)));
        assert_eq!(records.bytes_len(), two().as_bytes().len());
    }
}
