//! The statements of a batch that count: not those whose id was taken.

use plaudit_engagement::{Entry, EntryKind, Mark};
use plaudit_event::TenantId;
use plaudit_log::{Partition, Position};
use plaudit_xapi::{Object, Statement, StatementId, Timestamp};

use super::sets::DefinitionSet;
use super::targets::Unusable;
use crate::ApplyError;

/// A statement of a batch.
#[derive(Clone, Copy)]
pub(super) struct Fresh<'b, 'a> {
    pub partition: Partition,
    pub position: Position,
    pub tenant: &'b TenantId,
    pub statement: &'b Statement<'a>,
    pub id: StatementId,
    pub stored: Timestamp,
    /// The definitions that count for its tenant.
    pub set: &'b DefinitionSet,
}

impl Fresh<'_, '_> {
    /// An entry that the statement makes.
    pub(super) fn entry(&self, kind: EntryKind) -> Entry {
        let time = self.statement.timestamp.unwrap_or(self.stored);
        Entry { time, stored: self.stored, id: self.id, kind }
    }

    /// What it means to the definitions.
    pub(super) fn mark(&self) -> Mark {
        self.set.compiled.mark(self.statement)
    }

    /// The statement that its object refers to.
    pub(super) fn refers_to(&self) -> Option<StatementId> {
        if let Object::StatementRef(id) = self.statement.object { Some(id) } else { None }
    }

    /// The error that parks this record because of its target, or that lets the batch be tried again.
    pub(super) fn poison(&self, error: Unusable) -> ApplyError {
        match error {
            Unusable::Store(error) => ApplyError::Store(error),
            Unusable::Body(reason) => ApplyError::Poison {
                partition: self.partition,
                position: self.position,
                reason: format!("it refers to a statement that cannot be read: {reason}"),
            },
        }
    }
}
