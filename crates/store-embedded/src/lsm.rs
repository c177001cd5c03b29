//! The LSM tree: one keyspace per table version and generation, so that a generation goes away as a directory does.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fjall::config::{BlockSizePolicy, CompressionPolicy, PartitioningPolicy};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use parking_lot::{Mutex, MutexGuard, RwLock};
use plaudit_store::{Access, Generation, StoreError, Table};

use crate::error::{backend, io};
use crate::point::{PointTable, Room, Settings, Workers};
use crate::{Options, repair};

/// Bytes of rows that are read and decompressed together. Larger ones compress better and are slower to get a single row from.
const BLOCK_BYTES: u32 = 16 * 1024;

/// Open files; they stay open while they are used often.
const OPEN_FILES_MAX: usize = 256;

/// While idle, so much stays in memory.
const LITTLE_BYTES: usize = 1024 * 1024;

/// How long closing waits for memtables to be written. Nothing is lost if they are not.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
const CLOSE_POLL_INTERVAL: Duration = Duration::from_millis(2);

/// Keyspace that remembers what the tables were declared like.
const DECLARATIONS: &str = "declarations";

pub(crate) struct Lsm {
    /// First, so that its threads have ended before the rest goes.
    workers: Workers,
    points: RwLock<HashMap<TableId, Arc<PointTable>>>,
    point_settings: Settings,
    points_dir: PathBuf,
    point_turn: Mutex<()>,
    keyspaces: RwLock<HashMap<TableId, Keyspace>>,
    memtable_bytes: u64,
    synced: Mutex<Synced>,
    /// Set when a write failed: the LSM tree takes none any more until it is opened anew.
    is_failed: AtomicBool,
    db: Database,
}

/// What the store takes in memory and on disk.
pub(crate) struct Usage {
    pub(crate) journal_disk_bytes: u64,
    pub(crate) lsm_disk_bytes: u64,
    pub(crate) runs_disk_bytes: u64,
    pub(crate) recent_bytes: u64,
    pub(crate) memtable_bytes: u64,
    pub(crate) cache_bytes: u64,
    pub(crate) flushes_waiting: u64,
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
        let db = open_database(&dir.join("lsm"), options)?;
        let points_dir = dir.join("points");
        remove_dropped(&db, &points_dir)?;
        let is_closing = Arc::new(AtomicBool::new(false));
        let point_settings = Settings {
            recent_bytes: options.point_recent_bytes,
            filter_room: Room::of_bytes(options.point_filter_bytes),
            is_closing: Arc::clone(&is_closing),
        };
        Ok(Self {
            workers: Workers::start(is_closing)?,
            points: RwLock::default(),
            point_settings,
            points_dir,
            point_turn: Mutex::new(()),
            keyspaces: RwLock::default(),
            memtable_bytes: options.memtable_bytes,
            synced: Mutex::default(),
            is_failed: AtomicBool::new(false),
            db,
        })
    }

    pub(crate) fn db(&self) -> &Database {
        &self.db
    }

    /// Commits what was gathered, all or nothing.
    pub(crate) fn commit(&self, batch: OwnedWriteBatch) -> Result<(), StoreError> {
        batch.commit().map_err(|error| self.failed(error))
    }

    /// Whether it has to be opened anew before it takes a write.
    pub(crate) fn is_failed(&self) -> bool {
        self.is_failed.load(Ordering::Acquire)
    }

    pub(crate) fn failed(&self, error: fjall::Error) -> StoreError {
        self.is_failed.store(true, Ordering::Release);
        backend(error)
    }

    /// The turn of whoever writes to tables with point access: their journals have an order.
    pub(crate) fn point_turn(&self) -> MutexGuard<'_, ()> {
        self.point_turn.lock()
    }

    /// The keyspace of a table, if something was written to that generation.
    pub(crate) fn existing(
        &self,
        table: &Table,
        generation: Generation,
    ) -> Result<Option<Keyspace>, StoreError> {
        let id = TableId::of(table, generation);
        if let Some(keyspace) = self.keyspaces.read().get(&id) {
            return Ok(Some(keyspace.clone()));
        }
        if self.db.keyspace_exists(&id.keyspace()) {
            self.ensure(table, generation).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The keyspace of a table, made if need be.
    pub(crate) fn ensure(&self, table: &Table, generation: Generation) -> Result<Keyspace, StoreError> {
        let id = TableId::of(table, generation);
        if let Some(keyspace) = self.keyspaces.read().get(&id) {
            return Ok(keyspace.clone());
        }
        let mut keyspaces = self.keyspaces.write();
        let keyspace = self.db.keyspace(&id.keyspace(), || self.keyspace_options()).map_err(backend)?;
        keyspaces.insert(id, keyspace.clone());
        Ok(keyspace)
    }

    /// The table with point access, if something was written to that generation.
    pub(crate) fn existing_point(
        &self,
        table: &Table,
        generation: Generation,
    ) -> Result<Option<Arc<PointTable>>, StoreError> {
        let id = TableId::of(table, generation);
        if let Some(point) = self.points.read().get(&id) {
            return Ok(Some(Arc::clone(point)));
        }
        let exists = self.db.keyspace_exists(&id.keyspace());
        if exists { self.ensure_point(table, generation).map(Some) } else { Ok(None) }
    }

    /// The table with point access, made if need be.
    pub(crate) fn ensure_point(
        &self,
        table: &Table,
        generation: Generation,
    ) -> Result<Arc<PointTable>, StoreError> {
        let id = TableId::of(table, generation);
        if let Some(point) = self.points.read().get(&id) {
            return Ok(Arc::clone(point));
        }
        let mut points = self.points.write();
        if let Some(point) = points.get(&id) {
            return Ok(Arc::clone(point));
        }
        let keyspace = self.db.keyspace(&id.keyspace(), || self.journal_options()).map_err(backend)?;
        let (dir, settings) = (self.points_dir.join(id.keyspace()), self.point_settings.clone());
        let point = PointTable::open(self.db.clone(), keyspace, dir, settings, self.workers.jobs())?;
        points.insert(id, Arc::clone(&point));
        Ok(point)
    }

    /// Forgets the generation. Its files go when the last reader is done.
    pub(crate) fn drop_generation(&self, table: &Table, generation: Generation) -> Result<(), StoreError> {
        let id = TableId::of(table, generation);
        match table.access {
            Access::Ordered => {
                let Some(keyspace) = self.existing(table, generation)? else { return Ok(()) };
                self.keyspaces.write().remove(&id);
                self.db.delete_keyspace(keyspace).map_err(backend)
            }
            Access::Point => {
                let Some(point) = self.existing_point(table, generation)? else { return Ok(()) };
                let _turn = self.point_turn();
                self.points.write().remove(&id);
                self.db.delete_keyspace(point.keyspace().clone()).map_err(backend)?;
                point.remove()
            }
        }
    }

    /// Fails if the table of this name and version was declared with other columns before.
    pub(crate) fn check_declaration(&self, table: &Table) -> Result<(), StoreError> {
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
        self.db.persist(PersistMode::SyncAll).map_err(|error| self.failed(error))?;
        synced.before = before;
        Ok(())
    }

    /// What it takes in memory and on disk.
    pub(crate) fn usage(&self) -> Usage {
        let points = self.points.read();
        let point_tables = points.values().map(|point| (point.disk_bytes(), point.recent_bytes() as u64));
        let (runs, recent) = point_tables.fold((0, 0), |sum, table| (sum.0 + table.0, sum.1 + table.1));
        Usage {
            journal_disk_bytes: self.db.journal_disk_space().unwrap_or_default(),
            lsm_disk_bytes: self.keyspaces.read().values().map(Keyspace::disk_space).sum(),
            runs_disk_bytes: runs,
            recent_bytes: recent,
            memtable_bytes: self.db.write_buffer_size(),
            cache_bytes: self.db.cache_size(),
            flushes_waiting: self.db.outstanding_flushes() as u64,
        }
    }

    /// Grows with every write.
    pub(crate) fn progress(&self) -> u64 {
        self.db.visible_seqno()
    }

    /// Writes to files what takes much memory.
    pub(crate) fn write_out(&self) -> Result<(), StoreError> {
        let points: Vec<Arc<PointTable>> = self.points.read().values().cloned().collect();
        for point in points.iter().filter(|point| point.recent_bytes() > LITTLE_BYTES) {
            let _turn = self.point_turn();
            point.seal_now()?;
        }
        if self.db.write_buffer_size() > LITTLE_BYTES as u64 { self.rotate_memtables() } else { Ok(()) }
    }

    /// Begins to write all memtables to files.
    fn rotate_memtables(&self) -> Result<(), StoreError> {
        self.all_keyspaces()
            .iter()
            .try_for_each(|keyspace| keyspace.rotate_memtable().map(|_| ()))
            .map_err(backend)
    }

    fn all_keyspaces(&self) -> Vec<Keyspace> {
        let (points, keyspaces) = (self.points.read(), self.keyspaces.read());
        let journals = points.values().map(|point| point.keyspace());
        keyspaces.values().chain(journals).cloned().collect()
    }

    fn keyspace_options(&self) -> KeyspaceCreateOptions {
        // Filters and indexes are read in parts: as a whole, they would be larger than what one shard of the cache takes, and
        // be read again for every get.
        KeyspaceCreateOptions::default()
            .max_memtable_size(self.memtable_bytes)
            .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
            .filter_block_partitioning_policy(PartitioningPolicy::all(true))
            .index_block_partitioning_policy(PartitioningPolicy::all(true))
            .data_block_compression_policy(CompressionPolicy::new([
                CompressionType::None,
                CompressionType::None,
                CompressionType::Lz4,
            ]))
    }

    /// Of a keyspace with the journal of a point table: chunks that do not stay for long.
    fn journal_options(&self) -> KeyspaceCreateOptions {
        self.keyspace_options().data_block_compression_policy(CompressionPolicy::disabled())
    }
}

impl Drop for Lsm {
    /// Writes the memtables out, so that the next opening does not have to fill them again.
    fn drop(&mut self) {
        if self.is_failed() {
            return;
        }
        if let Err(error) = self.rotate_memtables() {
            tracing::warn!(error = &error as &dyn std::error::Error, "tables not written out at the end");
            return;
        }
        let all = self.all_keyspaces();
        let deadline = Instant::now() + CLOSE_PATIENCE;
        while all.iter().any(|keyspace| keyspace.sealed_memtable_count() > 0) && Instant::now() < deadline {
            std::thread::sleep(CLOSE_POLL_INTERVAL);
        }
    }
}

impl TableId {
    fn of(table: &Table, generation: Generation) -> Self {
        Self { name: table.name, version: table.version, generation }
    }

    fn keyspace(self) -> String {
        format!("{}_v{}_g{}", self.name, self.version, self.generation.0)
    }
}

fn open_database(dir: &Path, options: &Options) -> Result<Database, StoreError> {
    let open = || {
        Database::builder(dir)
            .cache_size(options.cache_bytes)
            .max_cached_files(Some(OPEN_FILES_MAX))
            .max_journaling_size(options.journal_bytes)
            .journal_compression(CompressionType::None)
            .worker_threads(options.worker_threads)
            .open()
    };
    match open() {
        Err(fjall::Error::JournalRecovery(_)) if repair::cut_journal(dir).map_err(io)? => {
            open().map_err(backend)
        }
        result => result.map_err(backend),
    }
}

/// Removes the files of point tables whose keyspace was dropped before a crash.
fn remove_dropped(db: &Database, points_dir: &Path) -> Result<(), StoreError> {
    std::fs::create_dir_all(points_dir).map_err(io)?;
    for entry in std::fs::read_dir(points_dir).map_err(io)? {
        let entry = entry.map_err(io)?;
        if !entry.file_name().to_str().is_some_and(|name| db.keyspace_exists(name)) {
            std::fs::remove_dir_all(entry.path()).map_err(io)?;
        }
    }
    Ok(())
}

fn declaration(table: &Table) -> String {
    let columns = table.all_columns().map(|column| format!("{} {:?}", column.name, column.kind));
    let (partition, clustering) = (table.partition_key.len(), table.clustering_key.len());
    format!("{:?} {partition}+{clustering}: {}", table.access, columns.collect::<Vec<_>>().join(", "))
}
