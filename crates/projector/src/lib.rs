//! Drives read models along the log: batches, positions, rebuilds, lag, dead letters.
