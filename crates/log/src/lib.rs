//! Contract of a partitioned append-only log, and the suite that every backend passes.
