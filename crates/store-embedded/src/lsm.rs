//! The LSM tree: one keyspace per table version and generation, so that a generation goes away as a directory does.

use std::collections::HashMap;
use std::path::Path;

use fjall::config::{BlockSizePolicy, CompressionPolicy, PartitioningPolicy};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use parking_lot::{Mutex, RwLock};
use plaudit_store::{Generation, StoreError, Table};

use crate::Options;
use crate::error::backend;

/// Bytes of rows that are read and decompressed together. Larger ones compress better and are slower to get a single row from.
const BLOCK_BYTES: u32 = 16 * 1024;

/// Open files; they stay open while they are used often.
const OPEN_FILES_MAX: usize = 256;

/// Keyspace that remembers what the tables were declared like.
const DECLARATIONS: &str = "declarations";

pub(crate) struct Lsm {
    db: Database,
    keyspaces: RwLock<HashMap<TableId, Keyspace>>,
    memtable_bytes: u64,
    synced: Mutex<Synced>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct TableId {
    name: &'static str,
    version: u32,
    generation: Generation,
}

/// How far the journal is on the disk, as a sequence number.
#[derive(Default)]
struct Synced {
    before: u64,
}

impl Lsm {
    pub(crate) fn open(dir: &Path, options: &Options) -> Result<Self, StoreError> {
        let db = Database::builder(dir)
            .cache_size(options.cache_bytes)
            .max_cached_files(Some(OPEN_FILES_MAX))
            .max_journaling_size(options.journal_bytes)
            .worker_threads(options.worker_threads)
            .open()
            .map_err(backend)?;
        let memtable_bytes = options.memtable_bytes;
        Ok(Self { db, keyspaces: RwLock::default(), memtable_bytes, synced: Mutex::default() })
    }

    pub(crate) fn db(&self) -> &Database {
        &self.db
    }

    /// The keyspace of a table, if something was written to that generation.
    pub(crate) fn existing(
        &self,
        table: &'static Table,
        generation: Generation,
    ) -> Result<Option<Keyspace>, StoreError> {
        let id = TableId { name: table.name, version: table.version, generation };
        if let Some(keyspace) = self.keyspaces.read().get(&id) {
            return Ok(Some(keyspace.clone()));
        }
        if self.db.keyspace_exists(&keyspace_name(id)) { self.open_keyspace(id).map(Some) } else { Ok(None) }
    }

    /// The keyspace of a table, made if need be.
    pub(crate) fn ensure(
        &self,
        table: &'static Table,
        generation: Generation,
    ) -> Result<Keyspace, StoreError> {
        let id = TableId { name: table.name, version: table.version, generation };
        if let Some(keyspace) = self.keyspaces.read().get(&id) {
            return Ok(keyspace.clone());
        }
        self.open_keyspace(id)
    }

    /// Forgets the keyspace. Its files go when the last reader is done.
    pub(crate) fn drop_generation(
        &self,
        table: &'static Table,
        generation: Generation,
    ) -> Result<(), StoreError> {
        let Some(keyspace) = self.existing(table, generation)? else { return Ok(()) };
        let mut keyspaces = self.keyspaces.write();
        keyspaces.remove(&TableId { name: table.name, version: table.version, generation });
        self.db.delete_keyspace(keyspace).map_err(backend)
    }

    /// Fails if the table of this name and version was declared with other columns before.
    pub(crate) fn check_declaration(&self, table: &'static Table) -> Result<(), StoreError> {
        let declarations = self.db.keyspace(DECLARATIONS, || self.keyspace_options()).map_err(backend)?;
        let (name, declared) = (plaudit_store::cql::table_name(table), declaration(table));
        match declarations.get(&name).map_err(backend)? {
            None => declarations.insert(name, declared).map_err(backend),
            Some(before) if *before == *declared.as_bytes() => Ok(()),
            Some(_) => Err(table.mismatch("its columns changed without a new version".to_owned())),
        }
    }

    /// Makes durable what was committed before the call. Several callers at once share one sync.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        let mine = self.db.visible_seqno();
        let mut synced = self.synced.lock();
        if synced.before >= mine {
            return Ok(());
        }
        let before = self.db.visible_seqno();
        self.db.persist(PersistMode::SyncAll).map_err(backend)?;
        synced.before = before;
        Ok(())
    }

    fn open_keyspace(&self, id: TableId) -> Result<Keyspace, StoreError> {
        let mut keyspaces = self.keyspaces.write();
        let keyspace = self.db.keyspace(&keyspace_name(id), || self.keyspace_options()).map_err(backend)?;
        keyspaces.insert(id, keyspace.clone());
        Ok(keyspace)
    }

    fn keyspace_options(&self) -> KeyspaceCreateOptions {
        KeyspaceCreateOptions::default()
            .max_memtable_size(self.memtable_bytes)
            .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
            .filter_block_partitioning_policy(PartitioningPolicy::all(true))
            .index_block_partitioning_policy(PartitioningPolicy::all(true))
            .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
    }
}

fn keyspace_name(id: TableId) -> String {
    format!("{}_v{}_g{}", id.name, id.version, id.generation.0)
}

fn declaration(table: &Table) -> String {
    let columns = table.all_columns().map(|column| format!("{} {:?}", column.name, column.kind));
    format!(
        "{:?} {}+{}: {}",
        table.access,
        table.partition_key.len(),
        table.clustering_key.len(),
        columns.collect::<Vec<_>>().join(", ")
    )
}
