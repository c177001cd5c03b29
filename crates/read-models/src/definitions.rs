//! Definitions: the funnels, achievements and recognition rules of each tenant, as last written.

use std::ops::Bound;

use plaudit_event::{DefinitionEvent, DefinitionKind, Event, TenantId};
use plaudit_store::{Access, Column, Generation, Kind, Order, Row, Slice, Store, StoreError, Table, Value};
use plaudit_xapi::Timestamp;

use crate::{ApplyError, ReadModel, Recorded, Rows};

/// Name of the read model.
pub const NAME: &str = "definitions";

/// The table of definitions.
pub static DEFINITIONS: Table = Table {
    name: "definitions",
    version: 1,
    doc: "One definition of a tenant, as last written.",
    access: Access::Ordered,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose definition.")],
    clustering_key: &[
        Column::new("kind", Kind::Text, "`funnel`, `achievement` or `recognition`."),
        Column::new("id", Kind::Text, "Id within the tenant and kind."),
    ],
    columns: &[
        Column::new("version", Kind::Int, "1 for the first, one more with each change."),
        Column::new("changed_at", Kind::Timestamp, "When it was last changed, by the server's clock."),
        Column::new("document", Kind::Text, "The document as written; nothing once deleted."),
    ],
};

static TABLES: &[&Table] = &[&DEFINITIONS];

/// Keeps the latest version of every definition.
#[derive(Debug, Default)]
pub struct Definitions;

/// One definition, as last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionRow {
    /// What it defines.
    pub kind: DefinitionKind,
    /// Id within tenant and kind.
    pub id: String,
    /// 1 for the first, one more with each change.
    pub version: u64,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// The document as written; `None` once deleted.
    pub document: Option<String>,
}

#[async_trait::async_trait]
impl ReadModel for Definitions {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static Table] {
        TABLES
    }

    fn reads_statements(&self) -> bool {
        false
    }

    async fn apply(&mut self, events: &[Recorded<'_>], rows: &mut Rows) -> Result<(), ApplyError> {
        for recorded in events {
            if let Event::Definition(event) = &recorded.event {
                apply_one(event, rows).await?;
            }
        }
        Ok(())
    }

    fn forget(&mut self) {}
}

async fn apply_one(event: &DefinitionEvent, rows: &mut Rows) -> Result<(), StoreError> {
    let key = key(&event.tenant, event.kind, &event.id);
    let present = match rows.get(&DEFINITIONS, &key).await? {
        Some(row) => Some(decode(&row)?),
        None => None,
    };
    // A redelivered record, or two writers that raced for one version: the first one counts.
    if present.is_some_and(|present| present.version >= event.version) {
        return Ok(());
    }
    let mut row = key;
    row.push(i64::try_from(event.version).unwrap_or(i64::MAX).into());
    row.push(Value::Timestamp(event.at.as_micros()));
    row.push(event.document.as_ref().map(|document| document.get().to_owned()).into());
    rows.put(&DEFINITIONS, row);
    Ok(())
}

/// All definitions that the tenant ever wrote, by kind and id; deleted ones without a document.
///
/// # Errors
/// When the store does not answer.
pub async fn of_tenant(
    store: &dyn Store,
    generation: Generation,
    tenant: &TenantId,
) -> Result<Vec<DefinitionRow>, StoreError> {
    let all =
        Slice { from: Bound::Unbounded, to: Bound::Unbounded, order: Order::Ascending, limit: usize::MAX };
    let rows = store.slice(&DEFINITIONS, generation, &[tenant.as_str().into()], all).await?;
    rows.iter().map(decode).collect()
}

/// One definition, if the tenant ever wrote it.
///
/// # Errors
/// When the store does not answer.
pub async fn find(
    store: &dyn Store,
    generation: Generation,
    tenant: &TenantId,
    kind: DefinitionKind,
    id: &str,
) -> Result<Option<DefinitionRow>, StoreError> {
    let row = store.get(&DEFINITIONS, generation, &[key(tenant, kind, id)]).await?.pop().flatten();
    row.as_ref().map(decode).transpose()
}

/// The tenants that ever wrote a definition.
///
/// # Errors
/// When the store does not answer.
pub async fn tenants(store: &dyn Store, generation: Generation) -> Result<Vec<TenantId>, StoreError> {
    let mut tenants = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.scan(&DEFINITIONS, generation, cursor.as_ref(), ROWS_PER_SCAN_MAX).await?;
        for row in &page.rows {
            let name = row[0].as_text().unwrap_or_default();
            tenants.push(TenantId::new(name).map_err(|error| DEFINITIONS.damaged(error.to_string()))?);
        }
        cursor = page.next;
        if cursor.is_none() {
            tenants.sort();
            tenants.dedup();
            return Ok(tenants);
        }
    }
}

/// Definitions are few; this keeps a scan from holding them all in memory twice.
const ROWS_PER_SCAN_MAX: usize = 1000;

fn key(tenant: &TenantId, kind: DefinitionKind, id: &str) -> Row {
    vec![tenant.as_str().into(), kind.as_str().into(), id.into()]
}

fn decode(row: &Row) -> Result<DefinitionRow, StoreError> {
    let [_, kind, id, version, changed_at, document] = row.as_slice() else {
        return Err(DEFINITIONS.damaged("not 6 columns"));
    };
    let read = || {
        Some(DefinitionRow {
            kind: kind_named(kind.as_text()?)?,
            id: id.as_text()?.to_owned(),
            version: u64::try_from(version.as_int()?).ok()?,
            changed_at: Timestamp::from_micros(changed_at.as_timestamp()?),
            document: document.as_text().map(str::to_owned),
        })
    };
    read().ok_or_else(|| DEFINITIONS.damaged("a column is not what it should be"))
}

/// The kind with that name.
#[must_use]
pub fn kind_named(name: &str) -> Option<DefinitionKind> {
    [DefinitionKind::Funnel, DefinitionKind::Achievement, DefinitionKind::Recognition]
        .into_iter()
        .find(|kind| kind.as_str() == name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use plaudit_store_embedded::{EmbeddedStore, Options};
    use serde_json::value::RawValue;

    use super::*;

    fn event(tenant: &str, id: &str, version: u64, document: Option<&str>) -> DefinitionEvent {
        DefinitionEvent {
            tenant: TenantId::new(tenant).unwrap(),
            kind: DefinitionKind::Achievement,
            id: id.to_owned(),
            version,
            at: Timestamp::from_micros(i64::try_from(version).unwrap()),
            document: document.map(|document| RawValue::from_string(document.to_owned()).unwrap()),
        }
    }

    #[tokio::test]
    async fn the_latest_version_counts_whatever_is_delivered_again() {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(EmbeddedStore::open(dir.path(), Options::default(), None).unwrap());
        let events = [
            event("t", "a", 1, Some("{}")),
            event("t", "a", 2, Some("[]")),
            event("t", "a", 1, Some("{}")),
            event("t", "b", 1, Some("{}")),
            event("t", "b", 2, None),
            event("u", "a", 1, Some("1")),
        ];
        let generation = Generation(1);
        let mut rows = Rows::new(store.clone(), generation);
        for event in &events {
            apply_one(event, &mut rows).await.unwrap();
        }
        store.write(rows.into_writes()).await.unwrap();
        let t = TenantId::new("t").unwrap();
        let found = of_tenant(store.as_ref(), generation, &t).await.unwrap();
        let shown: Vec<_> =
            found.iter().map(|row| (row.id.as_str(), row.version, row.document.as_deref())).collect();
        assert_eq!(shown, [("a", 2, Some("[]")), ("b", 2, None)]);
        let one = find(store.as_ref(), generation, &t, DefinitionKind::Achievement, "a").await.unwrap();
        assert_eq!(one.as_ref(), Some(&found[0]));
        assert_eq!(find(store.as_ref(), generation, &t, DefinitionKind::Funnel, "a").await.unwrap(), None);
        assert_eq!(tenants(store.as_ref(), generation).await.unwrap().len(), 2);
    }
}
