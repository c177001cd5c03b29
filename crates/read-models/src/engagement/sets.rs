//! The definitions by which the rows of a generation are made.
//!
//! A generation fixes a tenant's definitions when it sees the first event of that tenant, and keeps them in a row: so
//! all its rows are made by the same ones, also after a restart. A change is a reason to build another generation.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;
use plaudit_engagement::{AchievementDefinition, Definitions, FunnelDefinition, RecognitionDefinition};
use plaudit_event::{DefinitionKind, TenantId};
use plaudit_store::{Generation, Row, Store, StoreError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::warn;

use super::NAME;
use super::tables::SETS;
use crate::definitions::{self, DefinitionRow};
use crate::{Context, Rows};

/// A tenant's definitions, compiled, with the documents that they were compiled from.
#[derive(Debug)]
pub struct DefinitionSet {
    /// The funnels: the tenant's, and the default one unless replaced.
    pub funnels: Vec<FunnelDefinition>,
    /// The achievements: the tenant's, and the default ones unless replaced.
    pub achievements: Vec<AchievementDefinition>,
    /// The recognition rules: the tenant's, and the default one unless replaced.
    pub recognition: Vec<RecognitionDefinition>,
    /// All of them, ready to be applied.
    pub compiled: Definitions,
    text: String,
    counts_members: bool,
    recognises_members: bool,
}

/// What the row of a set keeps.
#[derive(Serialize, Deserialize)]
struct Written {
    zone: String,
    definitions: Vec<Document>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    kind: DefinitionKind,
    id: String,
    version: u64,
    document: Box<RawValue>,
}

impl DefinitionSet {
    /// What holds for a tenant that has defined nothing.
    #[must_use]
    pub fn defaults(zone: &TimeZone) -> Self {
        Self::of_written(Written { zone: zone_name(zone), definitions: Vec::new() })
    }

    /// The set of the documents that are written and not deleted.
    pub(super) fn of_rows(rows: Vec<DefinitionRow>, zone: &TimeZone) -> Self {
        let document = |row: DefinitionRow| {
            let document = RawValue::from_string(row.document?).ok()?;
            Some(Document { kind: row.kind, id: row.id, version: row.version, document })
        };
        let definitions = rows.into_iter().filter_map(document).collect();
        Self::of_written(Written { zone: zone_name(zone), definitions })
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let text = row.get(1).and_then(|value| value.as_text()).unwrap_or_default();
        serde_json::from_str(text).map(Self::of_written).map_err(|error| SETS.damaged(error.to_string()))
    }

    /// Whether the statements of a group may count for its members.
    pub(super) fn counts_members(&self) -> bool {
        self.counts_members
    }

    /// Whether recognising a group may count for its members.
    pub(super) fn recognises_members(&self) -> bool {
        self.recognises_members
    }

    /// Documents that cannot be used are left out: they were checked when they were written, so this is an older
    /// or a mistaken writer's, and the others still count.
    fn of_written(written: Written) -> Self {
        let zone = TimeZone::get(&written.zone).unwrap_or(TimeZone::UTC);
        let text = serde_json::to_string(&written).expect("plain data");
        let mut documents: Vec<&Document> = written.definitions.iter().collect();
        loop {
            let (funnels, achievements, recognition) = Definitions::with_defaults(
                parse(&documents, DefinitionKind::Funnel),
                parse(&documents, DefinitionKind::Achievement),
                parse(&documents, DefinitionKind::Recognition),
            );
            match Definitions::compile(&funnels, &achievements, &recognition, &zone) {
                Ok(compiled) => {
                    let counts_members =
                        funnels.iter().any(|it| it.members) || achievements.iter().any(|it| it.members);
                    let recognises_members = recognition.iter().any(|it| it.members);
                    return Self {
                        funnels,
                        achievements,
                        recognition,
                        compiled,
                        text,
                        counts_members,
                        recognises_members,
                    };
                }
                Err(error) => {
                    warn!(error = %error, "definitions do not fit together, leaving out those at fault");
                    assert!(!documents.is_empty(), "the default definitions fit together");
                    let at_fault: BTreeSet<_> =
                        error.faults.iter().filter_map(|fault| fault.document.clone()).collect();
                    let before = documents.len();
                    documents.retain(|document| !at_fault.contains(&fault_name(document)));
                    // What is too much taken together is the fault of none: the last goes.
                    documents.truncate(documents.len().min(before - 1));
                }
            }
        }
    }
}

/// The definitions of the generation that a read model instance writes.
pub(super) struct Sets {
    context: Context,
    known: HashMap<TenantId, Arc<DefinitionSet>>,
    /// Tenants whose definitions may be others than those of their rows; `None` before the first look.
    changed: Option<BTreeSet<TenantId>>,
    /// What was told to be wanted, so that each change is told once.
    told: HashMap<TenantId, String>,
}

impl Sets {
    pub(super) fn new(context: Context) -> Self {
        Self { context, known: HashMap::new(), changed: None, told: HashMap::new() }
    }

    /// The definitions that count for `tenant`, which are fixed now if they are not yet.
    pub(super) async fn of(
        &mut self,
        tenant: &TenantId,
        rows: &mut Rows,
    ) -> Result<Arc<DefinitionSet>, StoreError> {
        if let Some(set) = self.known.get(tenant) {
            return Ok(Arc::clone(set));
        }
        let set = match rows.get(&SETS, &[tenant.as_str().into()]).await? {
            Some(row) => DefinitionSet::read(&row)?,
            None => {
                let set = self.current(tenant).await?;
                rows.put(&SETS, vec![tenant.as_str().into(), set.text.clone().into()]);
                set
            }
        };
        let set = Arc::new(set);
        self.known.insert(tenant.clone(), Arc::clone(&set));
        Ok(set)
    }

    /// Remembers that the definitions of `tenant` have changed.
    pub(super) fn saw_change(&mut self, tenant: &TenantId) {
        if let Some(changed) = &mut self.changed {
            changed.insert(tenant.clone());
        }
    }

    /// Forgets sets that may not have been written.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// The tenants whose rows this instance serves, made by definitions that are not the current ones any more.
    pub(super) async fn outdated(&mut self) -> Result<Vec<TenantId>, StoreError> {
        let mut changed = match self.changed.take() {
            Some(changed) => changed,
            None => self.all_tenants().await?,
        };
        let mut outdated = Vec::new();
        for tenant in changed.clone() {
            if self.context.generations.serving(NAME, &tenant) != self.context.generation {
                continue;
            }
            let current = self.current(&tenant).await?.text;
            if self.written(&tenant).await?.is_none_or(|written| written == current) {
                changed.remove(&tenant);
                self.told.remove(&tenant);
            } else if self.told.get(&tenant) != Some(&current) {
                self.told.insert(tenant.clone(), current);
                outdated.push(tenant);
            }
        }
        self.changed = Some(changed);
        Ok(outdated)
    }

    async fn current(&self, tenant: &TenantId) -> Result<DefinitionSet, StoreError> {
        let generation = self.context.generations.serving(definitions::NAME, tenant);
        let rows = definitions::of_tenant(self.context.store.as_ref(), generation, tenant).await?;
        Ok(DefinitionSet::of_rows(rows, &self.context.time_zone))
    }

    async fn written(&self, tenant: &TenantId) -> Result<Option<String>, StoreError> {
        if let Some(set) = self.known.get(tenant) {
            return Ok(Some(set.text.clone()));
        }
        let row = stored(self.context.store.as_ref(), self.context.generation, tenant).await?;
        row.map(|row| DefinitionSet::read(&row).map(|set| set.text)).transpose()
    }

    async fn all_tenants(&self) -> Result<BTreeSet<TenantId>, StoreError> {
        let mut tenants = BTreeSet::new();
        let mut cursor = None;
        loop {
            let store = &self.context.store;
            let page =
                store.scan(&SETS, self.context.generation, cursor.as_ref(), TENANTS_PER_SCAN_MAX).await?;
            for row in &page.rows {
                let name = row[0].as_text().unwrap_or_default();
                tenants.insert(TenantId::new(name).map_err(|error| SETS.damaged(error.to_string()))?);
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(tenants);
            }
        }
    }
}

/// Rows of sets carry whole documents; a page of them stays small.
const TENANTS_PER_SCAN_MAX: usize = 100;

/// The definitions by which the serving rows of `tenant` were made: the defaults if there are no rows yet.
///
/// # Errors
/// When the store does not answer.
pub async fn definition_set(
    store: &dyn Store,
    generation: Generation,
    tenant: &TenantId,
) -> Result<DefinitionSet, StoreError> {
    let stored = stored_definition_set(store, generation, tenant).await?;
    Ok(stored.unwrap_or_else(|| DefinitionSet::defaults(&TimeZone::UTC)))
}

/// The definitions by which the rows of `tenant` in this generation are made; `None` if nothing has come yet. Once they
/// are there, they stay the same.
///
/// # Errors
/// When the store does not answer.
pub async fn stored_definition_set(
    store: &dyn Store,
    generation: Generation,
    tenant: &TenantId,
) -> Result<Option<DefinitionSet>, StoreError> {
    let row = stored(store, generation, tenant).await?;
    row.as_ref().map(DefinitionSet::read).transpose()
}

async fn stored(
    store: &dyn Store,
    generation: Generation,
    tenant: &TenantId,
) -> Result<Option<Row>, StoreError> {
    Ok(store.get(&SETS, generation, &[vec![tenant.as_str().into()]]).await?.pop().flatten())
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

/// As [`Definitions::compile`] names a document at fault.
fn fault_name(document: &Document) -> String {
    let kind = match document.kind {
        DefinitionKind::Funnel => "funnel",
        DefinitionKind::Achievement => "achievement",
        DefinitionKind::Recognition => "recognition rule",
    };
    format!("{kind} `{}`", document.id)
}

/// The definitions of one kind.
fn parse<T: DeserializeOwned>(documents: &[&Document], kind: DefinitionKind) -> Vec<T> {
    let mut definitions = Vec::new();
    for document in documents.iter().filter(|document| document.kind == kind) {
        match serde_json::from_str(document.document.get()) {
            Ok(definition) => definitions.push(definition),
            Err(error) => warn!(error = %error, "a definition cannot be read, leaving it out"),
        }
    }
    definitions
}
