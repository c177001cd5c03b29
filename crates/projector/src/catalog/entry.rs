//! One projection as the table of projections has it.

use plaudit_event::TenantId;
use plaudit_store::{Generation, Order, Row, Slice, Store, Value, Write};
use plaudit_xapi::Timestamp;
use std::ops::Bound;

use crate::tables::OWN;
use crate::{DEAD_LETTERS, POSITIONS, PROJECTIONS, ProjectorError};

/// A projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name of the read model.
    pub model: &'static str,
    /// Generation of its rows.
    pub number: Generation,
    /// The tenant it is for; `None` for all.
    pub tenant: Option<TenantId>,
    /// What it does.
    pub state: State,
    /// Version of the read model.
    pub version: u32,
    /// Names and versions of its tables.
    pub layout: String,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// What a projection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It replays the log beside the one that serves.
    Building,
    /// It answers queries.
    Serving,
    /// Another serves in its place; its rows wait to be dropped.
    Retired,
}

impl State {
    /// As in `building`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Serving => "serving",
            Self::Retired => "retired",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Building, Self::Serving, Self::Retired].into_iter().find(|state| state.as_str() == text)
    }
}

impl Entry {
    pub(crate) fn serves_all(&self) -> bool {
        self.state == State::Serving && self.tenant.is_none()
    }

    pub(crate) fn builds_all(&self) -> bool {
        self.state == State::Building && self.tenant.is_none()
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        self.model == other.model && self.number == other.number
    }

    /// Whether `other` has no use once this one serves: for all tenants, that is everything else of the model, builds for tenants too,
    /// because whose definitions have changed since is told again.
    pub(crate) fn replaces(&self, other: &Self) -> bool {
        let active = other.model == self.model && other.state != State::Retired && !other.same(self);
        active && (self.tenant.is_none() || self.tenant == other.tenant)
    }

    pub(crate) fn serving(self) -> Self {
        Self { state: State::Serving, ..self }
    }

    pub(crate) fn retired(self) -> Self {
        Self { state: State::Retired, ..self }
    }

    /// Key of its row.
    pub(crate) fn key(&self) -> Row {
        vec![self.model.into(), i64::from(self.number.0).into()]
    }

    pub(crate) fn to_row(&self) -> Row {
        let mut row = self.key();
        row.extend([
            self.tenant.as_ref().map(TenantId::as_str).into(),
            self.state.as_str().into(),
            i64::from(self.version).into(),
            self.layout.as_str().into(),
            Value::Timestamp(self.created_at.as_micros()),
        ]);
        row
    }

    fn from_row(model: &'static str, row: &[Value]) -> Option<Self> {
        let [_, number, tenant, state, version, layout, created_at] = row else { return None };
        let tenant = match tenant {
            Value::Null => None,
            tenant => Some(TenantId::new(tenant.as_text()?).ok()?),
        };
        Some(Self {
            model,
            number: Generation(u32::try_from(number.as_int()?).ok()?),
            tenant,
            state: State::parse(state.as_text()?)?,
            version: u32::try_from(version.as_int()?).ok()?,
            layout: layout.as_text()?.to_owned(),
            created_at: Timestamp::from_micros(created_at.as_timestamp()?),
        })
    }
}

/// The projections of a read model that are written down.
pub(crate) async fn load(store: &dyn Store, model: &'static str) -> Result<Vec<Entry>, ProjectorError> {
    let rows = store.slice(&PROJECTIONS, OWN, &[model.into()], EVERYTHING).await?;
    let read = |row: &Row| {
        Entry::from_row(model, row)
            .ok_or(ProjectorError::Row { table: PROJECTIONS.name, what: "not a projection" })
    };
    rows.iter().map(read).collect()
}

/// What removes the positions and dead letters of a projection.
pub(crate) async fn rows_of(store: &dyn Store, entry: &Entry) -> Result<Vec<Write>, ProjectorError> {
    let mut writes = Vec::new();
    for table in [&POSITIONS, &DEAD_LETTERS] {
        let rows = store.slice(table, OWN, &entry.key(), EVERYTHING).await?;
        let delete =
            |row: Row| Write::Delete { table, generation: OWN, key: row[..table.key_len()].to_vec() };
        writes.extend(rows.into_iter().map(delete));
    }
    Ok(writes)
}

const EVERYTHING: Slice<'static> =
    Slice { from: Bound::Unbounded, to: Bound::Unbounded, order: Order::Ascending, limit: usize::MAX };
