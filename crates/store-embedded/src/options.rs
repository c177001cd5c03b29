//! What an operator can set.

/// How much memory and disk the store may use.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of uncompressed blocks kept in memory.
    pub cache_bytes: u64,
    /// Bytes of one table's newest rows that are kept in memory before they are written as a sorted file.
    pub memtable_bytes: u64,
    /// Bytes of one point table's newest rows that are kept in memory before they are sealed; twice that while they are.
    pub point_recent_bytes: usize,
    /// Bytes for the filters of point tables. A filter takes 1.25 bytes per row; those that find no room are read from disk.
    pub point_filter_bytes: u64,
    /// Bytes of journal that may pile up before tables that change seldom are written out too; at least 64 MiB. It also bounds the
    /// newest rows of all tables together, and the time that an opening takes after a crash.
    pub journal_bytes: u64,
    /// Threads that write and merge sorted files. With one, writes stall while it merges.
    pub worker_threads: usize,
    /// Writes are refused while the disk has fewer free bytes: what merging needs to go on, and reads with it.
    pub reserve_bytes: u64,
}

const MIB: u64 = 1024 * 1024;

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 16 * MIB,
            memtable_bytes: 8 * MIB,
            point_recent_bytes: 8 * 1024 * 1024,
            point_filter_bytes: 16 * MIB,
            journal_bytes: 64 * MIB,
            worker_threads: 2,
            reserve_bytes: 256 * MIB,
        }
    }
}
