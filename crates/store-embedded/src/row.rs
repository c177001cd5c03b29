//! The columns that are not keys, as bytes.
//!
//! First a bit per column that says whether it is there, then the columns that are, each in the way of its kind. Names and kinds
//! are those of the table's version, which is part of the place where the rows are kept.

use bytes::Bytes;
use plaudit_store::{Column, Kind, Row, StoreError, StoredRecord, Table, Value};
use uuid::Uuid;

use crate::varint;

/// Whether the bytes of a record are kept, or only its place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Records {
    /// The log has them.
    Place,
    /// They are in the row too.
    Whole,
}

const PLACE: u8 = 0;
const WHOLE: u8 = 1;

/// Appends the bytes of the columns after the key.
pub(crate) fn encode_into(bytes: &mut Vec<u8>, values: &[Value], records: Records) {
    let start = bytes.len();
    bytes.resize(start + values.len().div_ceil(8), 0);
    for (at, value) in values.iter().enumerate() {
        if !value.is_null() {
            bytes[start + at / 8] |= 1 << (at % 8);
            put(bytes, value, records);
        }
    }
}

/// Appends the columns after the key to `row`. Records of which only the place is kept come without their bytes; their columns are
/// pushed to `places`.
pub(crate) fn decode_into(
    row: &mut Row,
    table: &Table,
    bytes: &[u8],
    places: &mut Vec<usize>,
) -> Result<(), StoreError> {
    let present = bytes.get(..table.columns.len().div_ceil(8)).ok_or_else(|| table.damaged("too short"))?;
    let mut rest = &bytes[present.len()..];
    for (at, column) in table.columns.iter().enumerate() {
        let is_there = present[at / 8] & (1 << (at % 8)) != 0;
        let value = if is_there { take(column, &mut rest) } else { Some(Found::Value(Value::Null)) };
        match value.ok_or_else(|| table.damaged(format!("column `{}`", column.name)))? {
            Found::Value(value) => row.push(value),
            Found::Place(record) => {
                places.push(row.len());
                row.push(Value::Record(record));
            }
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(table.damaged("bytes after the last column")) }
}

enum Found {
    Value(Value),
    Place(StoredRecord),
}

fn put(bytes: &mut Vec<u8>, value: &Value, records: Records) {
    match value {
        Value::Null => {}
        Value::Text(text) => varint::put_bytes(bytes, text.as_bytes()),
        Value::Blob(blob) => varint::put_bytes(bytes, blob),
        Value::Uuid(uuid) => bytes.extend_from_slice(uuid.as_bytes()),
        Value::Int(int) | Value::Timestamp(int) => varint::put(bytes, zigzag(*int)),
        Value::Bool(bool) => bytes.push(u8::from(*bool)),
        Value::Float(float) => bytes.extend_from_slice(&float.to_bits().to_le_bytes()),
        Value::Record(record) => put_record(bytes, record, records),
    }
}

fn put_record(bytes: &mut Vec<u8>, record: &StoredRecord, records: Records) {
    bytes.push(if records == Records::Whole { WHOLE } else { PLACE });
    varint::put(bytes, u64::from(record.partition));
    varint::put(bytes, record.position);
    if records == Records::Whole {
        varint::put_bytes(bytes, &record.bytes);
    }
}

fn take(column: &Column, bytes: &mut &[u8]) -> Option<Found> {
    Some(Found::Value(match column.kind {
        Kind::Text => Value::Text(std::str::from_utf8(varint::take_bytes(bytes)?).ok()?.to_owned()),
        Kind::Blob => Value::Blob(Bytes::copy_from_slice(varint::take_bytes(bytes)?)),
        Kind::Uuid => Value::Uuid(Uuid::from_bytes(*take_chunk::<16>(bytes)?)),
        Kind::Int => Value::Int(unzigzag(varint::take(bytes)?)),
        Kind::Timestamp => Value::Timestamp(unzigzag(varint::take(bytes)?)),
        Kind::Float => Value::Float(f64::from_bits(u64::from_le_bytes(*take_chunk::<8>(bytes)?))),
        Kind::Bool => match take_chunk::<1>(bytes)? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            _ => return None,
        },
        Kind::Record => return take_record(bytes),
    }))
}

fn take_record(bytes: &mut &[u8]) -> Option<Found> {
    let [kept] = *take_chunk::<1>(bytes)?;
    let partition = varint::take(bytes)?.try_into().ok()?;
    let position = varint::take(bytes)?;
    let record = |bytes| StoredRecord { partition, position, bytes };
    match kept {
        PLACE => Some(Found::Place(record(Bytes::new()))),
        WHOLE => {
            Some(Found::Value(Value::Record(record(Bytes::copy_from_slice(varint::take_bytes(bytes)?)))))
        }
        _ => None,
    }
}

fn take_chunk<'a, const LEN: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; LEN]> {
    let (chunk, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(chunk)
}

fn zigzag(int: i64) -> u64 {
    ((int << 1) ^ (int >> 63)).cast_unsigned()
}

fn unzigzag(int: u64) -> i64 {
    (int >> 1).cast_signed() ^ -(int & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use plaudit_store::Access;
    use proptest::prelude::*;

    use super::*;

    const TABLE: Table = Table {
        name: "rows",
        version: 1,
        doc: "A column of every kind, and more than eight.",
        access: Access::Ordered,
        partition_key: &[Column::new("key", Kind::Int, "")],
        clustering_key: &[],
        columns: &[
            Column::new("text", Kind::Text, ""),
            Column::new("uuid", Kind::Uuid, ""),
            Column::new("int", Kind::Int, ""),
            Column::new("at", Kind::Timestamp, ""),
            Column::new("bool", Kind::Bool, ""),
            Column::new("float", Kind::Float, ""),
            Column::new("blob", Kind::Blob, ""),
            Column::new("record", Kind::Record, ""),
            Column::new("last", Kind::Int, ""),
        ],
    };

    fn record() -> impl Strategy<Value = StoredRecord> {
        (any::<u32>(), any::<u64>(), any::<Vec<u8>>()).prop_map(|(partition, position, bytes)| StoredRecord {
            partition,
            position,
            bytes: bytes.into(),
        })
    }

    fn row() -> impl Strategy<Value = Row> {
        let blob = any::<Vec<u8>>().prop_map(Bytes::from);
        let uuid = any::<u128>().prop_map(Uuid::from_u128);
        let first =
            (any::<Option<String>>(), proptest::option::of(uuid), any::<Option<i64>>(), any::<Option<i64>>());
        let then =
            (any::<Option<bool>>(), proptest::option::of(-1e300..1e300_f64), proptest::option::of(blob));
        let last = (proptest::option::of(record()), any::<Option<i64>>());
        (first, then, last).prop_map(|((text, uuid, int, at), (bool, float, blob), (record, last))| {
            let at = at.map_or(Value::Null, Value::Timestamp);
            let (first, then) =
                ([text.into(), uuid.into(), int.into(), at], [bool.into(), float.into(), blob.into()]);
            [first.to_vec(), then.to_vec(), vec![record.into(), last.into()]].concat()
        })
    }

    fn encode(values: &[Value], records: Records) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode_into(&mut bytes, values, records);
        bytes
    }

    fn back(bytes: &[u8]) -> Result<(Row, Vec<usize>), StoreError> {
        let (mut row, mut places) = (Row::new(), Vec::new());
        decode_into(&mut row, &TABLE, bytes, &mut places).map(|()| (row, places))
    }

    proptest! {
        #[test]
        fn rows_come_back(row in row()) {
            prop_assert_eq!(back(&encode(&row, Records::Whole)).unwrap(), (row, Vec::new()));
        }

        #[test]
        fn a_place_comes_back_without_its_bytes(record in record()) {
            let mut row = vec![Value::Null; 9];
            row[7] = Value::Record(record.clone());
            let bytes = encode(&row, Records::Place);
            row[7] = Value::Record(StoredRecord { bytes: Bytes::new(), ..record });
            prop_assert_eq!(back(&bytes).unwrap(), (row, vec![7]));
        }

        #[test]
        fn shortened_rows_are_noticed(row in row(), cut in any::<prop::sample::Index>()) {
            let bytes = encode(&row, Records::Whole);
            prop_assert!(back(&bytes[..cut.index(bytes.len())]).is_err());
        }

        #[test]
        fn any_bytes_decode_or_fail_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = back(&bytes);
        }
    }

    #[test]
    fn small_values_are_short() {
        let mut row = vec![Value::Null; 9];
        row[2] = Value::Int(-5);
        row[7] = Value::Record(StoredRecord { partition: 3, position: 100, bytes: "long".into() });
        assert_eq!(encode(&row, Records::Place), [0b1000_0100, 0, 9, 0, 3, 100]);
    }
}
