//! `/api/v1/tables`: every table of every read model, so that a new one has an endpoint for nothing.
//!
//! A table shows the rows of one of its partitions: the tenant is that of the credential, the other columns of the partition key
//! are parameters. No answer ever reads another tenant's rows.

use std::ops::Bound;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use plaudit_store::{Access, Column, Kind, Order, Row, Slice, Table, Value};
use plaudit_xapi::{StatementId, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::auth::Credential;
use crate::listing::{self, Wanted};
use crate::params::Params;
use crate::problem::{Kind as Problems, Problem};
use crate::state::State;

/// GET: the tables.
#[utoipa::path(get, path = "/api/v1/tables", tag = "tables",
    responses((status = 200, description = "Every table that can be listed, with its columns")))]
pub(crate) async fn list(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    state.credentials.authenticate(&request)?;
    Params::of(&request, &[])?;
    let tables: Vec<Json> =
        state.reads.tables.iter().filter(|(_, table)| is_of_tenants(table)).map(described).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": tables })))
}

/// GET: rows of one table.
#[utoipa::path(get, path = "/api/v1/tables/{table}", tag = "tables",
    params(
        ("table" = String, Path, description = "Name of the table"),
        ("limit" = Option<usize>, Query, description = "Rows per page, at most 1000"),
        ("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before"),
        ("format" = Option<String>, Query, description = "`json` or `csv`"),
    ),
    responses((status = 200, description = "Rows of the partition that the parameters name, in order of the key"),
        (status = 404, description = "No such table")))]
pub(crate) async fn rows(
    request: HttpRequest,
    name: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let credential = state.credentials.authenticate(&request)?;
    let found = state.reads.tables.iter().find(|(_, table)| table.name == *name && is_of_tenants(table));
    let &(model, table) = found.ok_or_else(|| Problem::new(Problems::NotFound, "there is no such table"))?;
    let others = &table.partition_key[1..];
    let known: Vec<&str> =
        listing::PARAMS.into_iter().chain(others.iter().map(|column| column.name)).collect();
    let params = Params::of(&request, &known)?;
    let wanted = Wanted::of(&request, &params)?;
    let partition = partition(&credential, others, &params)?;
    state.reads.wait(model, state.limits.read_wait_max).await?;
    let generation = state.reads.serving(model, &credential.tenant);
    let (rows, next) = if table.access == Access::Point {
        let found = state.reads.store.get(table, generation, &[partition]).await?;
        (found.into_iter().flatten().collect(), None)
    } else {
        let after = wanted.cursor.as_deref().map(|cursor| read_cursor(table, cursor)).transpose()?;
        let slice = Slice {
            from: after.as_deref().map_or(Bound::Unbounded, Bound::Excluded),
            to: Bound::Unbounded,
            order: Order::Ascending,
            limit: wanted.limit,
        };
        let rows = state.reads.store.slice(table, generation, &partition, slice).await?;
        let next = rows.last().filter(|_| rows.len() == wanted.limit).map(|row| cursor(table, row));
        (rows, next)
    };
    let items: Vec<Named<'_>> = rows.iter().map(|row| Named(table, row)).collect();
    let columns: Vec<String> = table.all_columns().map(|column| format!("/{}", column.name)).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    Ok(listing::answer(&request, wanted.form, (&items, next), &columns))
}

/// Tables without a tenant in their key are the server's own.
fn is_of_tenants(table: &Table) -> bool {
    table.partition_key.first().is_some_and(|column| column.name == "tenant")
}

fn described((model, table): &(&'static str, &'static Table)) -> Json {
    let column = |column: &Column| json!({ "name": column.name, "type": format!("{:?}", column.kind).to_lowercase(), "description": column.doc });
    let parameters: Vec<&str> = table.partition_key[1..].iter().map(|column| column.name).collect();
    json!({
        "name": table.name,
        "version": table.version,
        "read_model": model,
        "description": table.doc,
        "parameters": parameters,
        "columns": table.all_columns().map(column).collect::<Vec<_>>(),
    })
}

fn partition(credential: &Credential, others: &[Column], params: &Params) -> Result<Row, Problem> {
    let mut partition: Row = vec![credential.tenant.as_str().into()];
    for column in others {
        let should_be = format!("a value of type {:?}", column.kind).to_lowercase();
        let value = params.parse(column.name, &should_be, |text| read_value(column.kind, text))?;
        let missing =
            || Problem::malformed(format!("parameter `{}` is missing: {}", column.name, column.doc));
        partition.push(value.ok_or_else(missing)?);
    }
    Ok(partition)
}

/// A row with the names of its columns.
struct Named<'r>(&'static Table, &'r Row);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(self.0.all_columns().zip(self.1).map(|(column, value)| (column.name, Shown(value))))
    }
}

struct Shown<'v>(&'v Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_none(),
            Value::Bool(bool) => serializer.serialize_bool(*bool),
            Value::Int(int) => serializer.serialize_i64(*int),
            Value::Float(float) => serializer.serialize_f64(*float),
            Value::Record(record) => match serde_json::from_slice::<&RawValue>(&record.bytes) {
                Ok(raw) => raw.serialize(serializer),
                Err(_) => serializer.serialize_none(),
            },
            other => serializer.serialize_str(&text_of(other)),
        }
    }
}

/// A value as a parameter has it; [`read_value`] reads it back.
fn text_of(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Uuid(uuid) => uuid.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Timestamp(micros) => Timestamp::from_micros(*micros).to_string(),
        Value::Blob(blob) => STANDARD.encode(blob),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Record(_) => String::new(),
    }
}

fn read_value(kind: Kind, text: &str) -> Option<Value> {
    Some(match kind {
        Kind::Text => Value::Text(text.to_owned()),
        Kind::Uuid => Value::Uuid(text.parse::<StatementId>().ok()?),
        Kind::Int => Value::Int(text.parse().ok()?),
        Kind::Timestamp => Value::Timestamp(Timestamp::parse(text).ok()?.as_micros()),
        Kind::Blob => Value::Blob(STANDARD.decode(text).ok()?.into()),
        Kind::Bool | Kind::Float | Kind::Record => return None,
    })
}

/// The clustering key of the last row of a page.
fn cursor(table: &Table, row: &Row) -> String {
    let key: Vec<String> = row[table.partition_key.len()..table.key_len()].iter().map(text_of).collect();
    URL_SAFE_NO_PAD.encode(json!(key).to_string())
}

fn read_cursor(table: &Table, cursor: &str) -> Result<Row, Problem> {
    let read = || -> Option<Row> {
        let key: Vec<String> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let columns = table.clustering_key;
        (key.len() == columns.len()).then_some(())?;
        columns.iter().zip(&key).map(|(column, text)| read_value(column.kind, text)).collect()
    };
    read().ok_or_else(|| Problem::malformed("parameter `cursor` is not one of this list"))
}
