//! Files that are generated and checked in: `cargo xtask golden --update` writes them anew.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use plaudit_projector::{DEAD_LETTERS, POSITIONS, PROJECTIONS};
use plaudit_read_models::{Context, Generations};
use plaudit_store::{Generation, Table, cql};
use plaudit_store_embedded::{EmbeddedStore, Options};

/// Every table of the read models and of the projector.
fn tables() -> Vec<&'static Table> {
    let directory = tempfile::tempdir().expect("a directory");
    let store = EmbeddedStore::open(directory.path(), Options::default(), None).expect("a store");
    let context = Context {
        partition: 0,
        generation: Generation(0),
        tenant: None,
        store: Arc::new(store),
        generations: Generations::default(),
        time_zone: jiff::tz::TimeZone::UTC,
    };
    let models = plaudit_read_models::all().into_iter().map(|(_, make)| make(context.clone()));
    let mut tables: Vec<&'static Table> = models.flat_map(|model| model.tables().iter().copied()).collect();
    tables.extend([&PROJECTIONS, &POSITIONS, &DEAD_LETTERS]);
    tables
}

#[test]
fn golden_the_cql_of_every_table_is_checked_in() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/cql");
    let wanted: BTreeMap<String, String> = tables()
        .into_iter()
        .map(|table| (format!("{}.cql", cql::table_name(table)), cql::create_table(table)))
        .collect();
    if std::env::var_os("PLAUDIT_GOLDEN_UPDATE").is_some() {
        drop(std::fs::remove_dir_all(&directory));
        std::fs::create_dir_all(&directory).expect("schemas/ can be written");
        for (name, text) in &wanted {
            std::fs::write(directory.join(name), text).expect("schemas/ can be written");
        }
    }
    let files = std::fs::read_dir(&directory).expect("schemas/cql is checked in");
    let found: BTreeMap<String, String> = files
        .map(|file| file.expect("a readable directory").path())
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("UTF-8"))
        })
        .collect();
    assert_eq!(found, wanted, "run `cargo xtask golden --update` and look at what changed");
}
