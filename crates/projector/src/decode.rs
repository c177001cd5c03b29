//! Records of the log as events.

use std::ops::Range;

use plaudit_event::Event;
use plaudit_log::{Partition, Position, RecordRef, Records};
use plaudit_read_models::Recorded;
use plaudit_xapi::Timestamp;

/// The records of one read, decoded.
pub(crate) struct Decoded<'a> {
    /// What could be decoded, by position.
    pub events: Vec<Recorded<'a>>,
    /// What could not, by position.
    pub broken: Vec<Broken<'a>>,
    /// The keys of `events`.
    keys: Vec<&'a [u8]>,
}

/// A record that is no event.
pub(crate) struct Broken<'a> {
    pub position: Position,
    pub key: &'a [u8],
    pub reason: String,
}

impl<'a> Decoded<'a> {
    /// Decodes the records with positions in `range`; parses statements if asked to.
    pub fn new(partition: Partition, records: &'a Records, range: Range<Position>, parse: bool) -> Self {
        let count = records.iter().filter(|(position, _)| range.contains(position)).count();
        let (events, keys) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut decoded = Self { events, keys, broken: Vec::new() };
        for (position, record) in records.iter().filter(|(position, _)| range.contains(position)) {
            match read(partition, position, &record, parse) {
                Ok(event) => {
                    decoded.events.push(event);
                    decoded.keys.push(record.key);
                }
                Err(reason) => decoded.broken.push(Broken { position, key: record.key, reason }),
            }
        }
        decoded
    }

    /// Where the events with positions in `from..until` stand.
    pub fn range(&self, from: Position, until: Position) -> Range<usize> {
        let at = |position| self.events.partition_point(|event| event.position < position);
        at(from)..at(until).max(at(from))
    }

    /// The key of the record of event number `index`.
    pub fn key(&self, index: usize) -> &'a [u8] {
        self.keys[index]
    }

    /// The latest `stored` of the statements in `range`.
    pub fn latest_stored(&self, range: Range<usize>) -> Option<Timestamp> {
        self.events[range].iter().filter_map(stored).max()
    }
}

/// When the first statement among `records` was stored.
pub(crate) fn first_stored(records: &Records) -> Option<Timestamp> {
    records.iter().find_map(|(_, record)| match Event::decode(&record) {
        Ok(Event::Statement(statement)) => Some(statement.stored),
        Ok(Event::Definition(definition)) => Some(definition.at),
        Err(_) => None,
    })
}

fn read<'a>(
    partition: Partition,
    position: Position,
    record: &RecordRef<'a>,
    parse: bool,
) -> Result<Recorded<'a>, String> {
    let event = Event::decode(record).map_err(|error| error.to_string())?;
    let statement = match &event {
        Event::Statement(statement) if parse => {
            Some(plaudit_xapi::read_stored(statement.body).map_err(|error| error.to_string())?)
        }
        Event::Statement(_) | Event::Definition(_) => None,
    };
    Ok(Recorded { partition, position, event, statement })
}

fn stored(event: &Recorded<'_>) -> Option<Timestamp> {
    match &event.event {
        Event::Statement(statement) => Some(statement.stored),
        Event::Definition(_) => None,
    }
}
