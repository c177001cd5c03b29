//! The log on local disk: zero-filled, recycled segment files with group-committed fsync.
