//! Keys as bytes whose order is the order of the contract.
//!
//! Columns follow each other without separators, since each tells its own end:
//!
//! * numbers and timestamps: 8 bytes, big-endian, sign bit flipped, so that negative ones come first;
//! * UUIDs: 16 bytes;
//! * texts and blobs: their bytes with 0 written as 0 255, and 0 0 at the end, which is less than whatever a longer one has there.

use bytes::Bytes;
use plaudit_store::{Column, Kind, Row, StoreError, Table, Value};
use uuid::Uuid;

const ESCAPE: u8 = 0;
const ESCAPED_ZERO: u8 = 0xff;
const END: u8 = 0;
const SIGN: u64 = 1 << 63;

/// The most bytes that an encoded key can have: the LSM tree stores the length in 16 bits.
pub(crate) const KEY_BYTES_MAX: usize = u16::MAX as usize;

/// The bytes of a whole key, or of the first columns of one.
pub(crate) fn encode(table: &Table, values: &[Value]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(64);
    encode_into(&mut bytes, table, values)?;
    Ok(bytes)
}

/// Appends the bytes of some columns of a key.
pub(crate) fn encode_into(bytes: &mut Vec<u8>, table: &Table, values: &[Value]) -> Result<(), StoreError> {
    for value in values {
        match value {
            Value::Text(text) => put_escaped(bytes, text.as_bytes()),
            Value::Blob(blob) => put_escaped(bytes, blob),
            Value::Uuid(uuid) => bytes.extend_from_slice(uuid.as_bytes()),
            Value::Int(int) | Value::Timestamp(int) => {
                bytes.extend_from_slice(&(int.cast_unsigned() ^ SIGN).to_be_bytes());
            }
            Value::Null | Value::Bool(_) | Value::Float(_) | Value::Record(_) => {
                return Err(table.mismatch("a value that cannot be in a key".to_owned()));
            }
        }
    }
    if bytes.len() > KEY_BYTES_MAX {
        return Err(table.mismatch(format!("its key takes {} bytes, at most {KEY_BYTES_MAX}", bytes.len())));
    }
    Ok(())
}

/// The values of a whole key.
pub(crate) fn decode_into(row: &mut Row, table: &Table, mut bytes: &[u8]) -> Result<(), StoreError> {
    for column in table.partition_key.iter().chain(table.clustering_key) {
        let value = take(column, &mut bytes);
        row.push(value.ok_or_else(|| table.damaged(format!("key column `{}`", column.name)))?);
    }
    if bytes.is_empty() { Ok(()) } else { Err(table.damaged("bytes after the key")) }
}

/// The smallest bytes that are greater than all that begin with `prefix`; `None` if there are none.
pub(crate) fn after_prefix(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.last_mut() {
        if let Some(next) = last.checked_add(1) {
            *last = next;
            return Some(prefix);
        }
        prefix.pop();
    }
    None
}

fn put_escaped(bytes: &mut Vec<u8>, mut content: &[u8]) {
    while let Some(at) = content.iter().position(|byte| *byte == ESCAPE) {
        bytes.extend_from_slice(&content[..at]);
        bytes.extend_from_slice(&[ESCAPE, ESCAPED_ZERO]);
        content = &content[at + 1..];
    }
    bytes.extend_from_slice(content);
    bytes.extend_from_slice(&[ESCAPE, END]);
}

fn take_escaped(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let at = bytes.iter().position(|byte| *byte == ESCAPE)?;
        content.extend_from_slice(&bytes[..at]);
        let kind = *bytes.get(at + 1)?;
        *bytes = &bytes[at + 2..];
        match kind {
            END => return Some(content),
            ESCAPED_ZERO => content.push(0),
            _ => return None,
        }
    }
}

fn take_int(bytes: &mut &[u8]) -> Option<i64> {
    let (int, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some((u64::from_be_bytes(*int) ^ SIGN).cast_signed())
}

fn take(column: &Column, bytes: &mut &[u8]) -> Option<Value> {
    Some(match column.kind {
        Kind::Text => Value::Text(String::from_utf8(take_escaped(bytes)?).ok()?),
        Kind::Blob => Value::Blob(Bytes::from(take_escaped(bytes)?)),
        Kind::Int => Value::Int(take_int(bytes)?),
        Kind::Timestamp => Value::Timestamp(take_int(bytes)?),
        Kind::Uuid => {
            let (uuid, rest) = bytes.split_first_chunk::<16>()?;
            *bytes = rest;
            Value::Uuid(Uuid::from_bytes(*uuid))
        }
        Kind::Bool | Kind::Float | Kind::Record => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use plaudit_store::Access;
    use proptest::prelude::*;

    use super::*;

    const TABLE: Table = Table {
        name: "keys",
        version: 1,
        doc: "A key column of every kind.",
        access: Access::Ordered,
        partition_key: &[Column::new("text", Kind::Text, ""), Column::new("blob", Kind::Blob, "")],
        clustering_key: &[
            Column::new("int", Kind::Int, ""),
            Column::new("at", Kind::Timestamp, ""),
            Column::new("uuid", Kind::Uuid, ""),
        ],
        columns: &[],
    };

    /// Texts of few different characters, so that equal beginnings and zeros are common.
    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![Just('\0'), Just('\u{1}'), Just('a'), Just('é'), any::<char>()],
            0..4,
        )
        .prop_map(String::from_iter)
    }

    fn blob() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop_oneof![Just(0), Just(1), Just(254), Just(255), any::<u8>()], 0..4)
    }

    fn int() -> impl Strategy<Value = i64> {
        prop_oneof![-2..3_i64, Just(i64::MIN), Just(i64::MAX), any::<i64>()]
    }

    type Key = (String, Vec<u8>, i64, i64, u128);

    fn key() -> impl Strategy<Value = Key> {
        (text(), blob(), int(), int(), prop_oneof![0..2_u128, any::<u128>()])
    }

    fn values((text, blob, int, at, uuid): Key) -> Row {
        let uuid = Value::Uuid(Uuid::from_u128(uuid));
        vec![Value::Text(text), Value::Blob(blob.into()), Value::Int(int), Value::Timestamp(at), uuid]
    }

    proptest! {
        #[test]
        fn bytes_are_in_the_order_of_the_values(one in key(), other in key()) {
            let order = one.cmp(&other);
            let bytes = |key| encode(&TABLE, &values(key)).unwrap();
            prop_assert_eq!(bytes(one).cmp(&bytes(other)), order);
        }

        #[test]
        fn keys_come_back(key in key()) {
            let values = values(key);
            let mut back = Row::new();
            decode_into(&mut back, &TABLE, &encode(&TABLE, &values).unwrap()).unwrap();
            prop_assert_eq!(back, values);
        }

        #[test]
        fn only_keys_with_these_values_begin_with_their_bytes(one in key(), other in key(), columns in 0_usize..5) {
            let (one, other) = (values(one), values(other));
            let prefix = encode(&TABLE, &one[..columns]).unwrap();
            let bytes = encode(&TABLE, &other).unwrap();
            prop_assert_eq!(bytes.starts_with(&prefix), one[..columns] == other[..columns]);
        }

        #[test]
        fn the_end_of_a_prefix_is_after_all_that_begin_with_it(prefix in blob(), other in blob()) {
            let inside = other.cmp(&prefix) != Ordering::Less
                && after_prefix(prefix.clone()).is_none_or(|end| other < end);
            prop_assert_eq!(inside, other.starts_with(&prefix));
        }

        #[test]
        fn any_bytes_decode_or_fail_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode_into(&mut Row::new(), &TABLE, &bytes);
        }
    }

    #[test]
    fn a_key_has_a_longest_length() {
        assert!(encode(&TABLE, &["a".repeat(KEY_BYTES_MAX - 2).into()]).is_ok());
        assert!(matches!(
            encode(&TABLE, &["a".repeat(KEY_BYTES_MAX - 1).into()]),
            Err(StoreError::Mismatch { .. })
        ));
    }
}
