//! What a read model is.

use std::sync::Arc;

use jiff::tz::TimeZone;
use plaudit_event::{Event, TenantId};
use plaudit_log::{Partition, Position};
use plaudit_store::{Generation, Store, Table};
use plaudit_xapi::Statement;

use crate::{ApplyError, Generations, Rows};

/// A read model of one partition of the log, in one generation.
///
/// `apply` is a function of the events and of the rows it reads: no clock, no randomness. It may remember rows
/// between batches, and forgets them when told to.
#[async_trait::async_trait]
pub trait ReadModel: Send {
    /// Name in `snake_case`: label of its metrics, argument of `plaudit rebuild`.
    fn name(&self) -> &'static str;

    /// Grows when the same events lead to other rows: the projector then rebuilds.
    fn version(&self) -> u32;

    /// Its tables.
    fn tables(&self) -> &'static [&'static Table];

    /// Names of the read models that must have absorbed a record before this one sees it.
    fn after(&self) -> &'static [&'static str] {
        &[]
    }

    /// Those of its tables that say by what the rows of a generation are made, for example the definitions as of its first
    /// record. Who replays a generation to compare begins with its rows there.
    fn fixed_tables(&self) -> &'static [&'static Table] {
        &[]
    }

    /// Whether it looks into statements: else they are not parsed for it, and [`Recorded::statement`] is `None`.
    fn reads_statements(&self) -> bool {
        true
    }

    /// Applies events in the order of the log. A redelivered record must change nothing.
    async fn apply(&mut self, events: &[Recorded<'_>], rows: &mut Rows) -> Result<(), ApplyError>;

    /// Forgets what it remembers, because rows that it changed were not written.
    fn forget(&mut self);

    /// Tenants whose serving rows were made by definitions that have changed since: each is to be built anew, from the
    /// first position, in a generation of its own. The new instance (with [`Context::tenant`]) fixes the definitions of
    /// its generation when it sees its first record, so a tenant that is told again makes a running build start over.
    ///
    /// Asked at start and after each batch of an instance that serves; each change is told once. Instances that do not
    /// serve yet may be asked too: they tell when they serve.
    async fn wants_rebuild(&mut self) -> Result<Vec<TenantId>, ApplyError> {
        Ok(Vec::new())
    }
}

/// An event with its place in the log.
#[derive(Clone, Debug)]
pub struct Recorded<'a> {
    /// Partition of the log.
    pub partition: Partition,
    /// Position in it.
    pub position: Position,
    /// The event.
    pub event: Event<'a>,
    /// The statement, parsed, when it is one and the read model looks into it.
    pub statement: Option<Statement<'a>>,
}

/// What a read model gets when it is made.
#[derive(Clone)]
pub struct Context {
    /// The partition whose events it will see.
    pub partition: Partition,
    /// The generation of the rows it writes.
    pub generation: Generation,
    /// Only events of this tenant, in a rebuild for one tenant.
    pub tenant: Option<TenantId>,
    /// The store, for lookups in read models that are ahead.
    pub store: Arc<dyn Store>,
    /// Which generation of each read model serves.
    pub generations: Generations,
    /// Where the days and months of all tenants begin.
    pub time_zone: TimeZone,
}
