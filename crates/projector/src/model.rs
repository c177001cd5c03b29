//! The read models that a projector drives.

use std::sync::Arc;

use plaudit_read_models::{Context, ReadModel};
use plaudit_store::{Generation, Store, Table};
use plaudit_xapi::Timestamp;

use crate::ProjectorError;

/// Makes a read model for a context.
pub type Make = Arc<dyn Fn(Context) -> Box<dyn ReadModel> + Send + Sync>;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The read models there are, each after those it waits for.
#[derive(Clone)]
pub struct Models(Arc<Vec<Model>>);

/// One read model: what it says of itself, and how to make it.
#[derive(Clone)]
pub(crate) struct Model {
    pub name: &'static str,
    pub version: u32,
    pub tables: &'static [&'static Table],
    pub after: &'static [&'static str],
    pub reads_statements: bool,
    pub fixed_tables: &'static [&'static Table],
    pub make: Make,
}

impl Models {
    /// Asks what each of `makes` makes for its name, tables and the like; `context` is only for asking.
    #[must_use]
    pub fn new(makes: Vec<Make>, context: &Context) -> Self {
        Self(Arc::new(makes.into_iter().map(|make| Model::ask(make, context.clone())).collect()))
    }

    /// Every table by the name of the read model that writes it.
    #[must_use]
    pub fn tables(&self) -> Vec<(&'static str, &'static Table)> {
        self.iter().flat_map(|model| model.tables.iter().map(|table| (model.name, *table))).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Model> {
        self.0.iter()
    }

    /// The names of those that `name` means: one, or all of them for `None`.
    pub(crate) fn named(&self, name: Option<&str>) -> Result<Vec<&Model>, ProjectorError> {
        let found: Vec<&Model> =
            self.iter().filter(|model| name.is_none_or(|name| name == model.name)).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let known: Vec<&str> = self.iter().map(|model| model.name).collect();
        Err(ProjectorError::UnknownModel {
            name: name.unwrap_or_default().to_owned(),
            known: known.join(", "),
        })
    }

    /// Makes sure that the tables of all of them are there, and the projector's own.
    pub(crate) async fn create_tables(&self, store: &dyn Store) -> Result<(), ProjectorError> {
        let own = [&crate::PROJECTIONS, &crate::POSITIONS, &crate::DEAD_LETTERS];
        let tables: Vec<_> =
            own.into_iter().chain(self.iter().flat_map(|model| model.tables).copied()).collect();
        Ok(store.create(&tables).await?)
    }
}

impl Model {
    fn ask(make: Make, context: Context) -> Self {
        let model = make(context);
        let (name, version, tables, after) = (model.name(), model.version(), model.tables(), model.after());
        let (reads_statements, fixed_tables) = (model.reads_statements(), model.fixed_tables());
        Self { name, version, tables, after, reads_statements, fixed_tables, make }
    }

    /// Names and versions of the tables: rows of another layout are not ours to read.
    pub fn layout(&self) -> String {
        let names: Vec<String> =
            self.tables.iter().map(|table| format!("{}_v{}", table.name, table.version)).collect();
        names.join(" ")
    }

    /// Gives back the rows of `generation`.
    pub async fn drop_rows(&self, store: &dyn Store, generation: Generation) -> Result<(), ProjectorError> {
        for table in self.tables {
            store.drop_generation(table, generation).await?;
        }
        Ok(())
    }
}
