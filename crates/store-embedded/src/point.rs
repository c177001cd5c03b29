//! Tables with point access: many small rows under random keys, cheaper than in an LSM tree.
//!
//! An LSM tree sorts rows by key again and again, which pays if they are read in order. Rows of these tables are not, so:
//!
//! * The rows of one write become **one** row of the LSM tree, under the next number of the table's journal, in the same atomic
//!   batch as the other tables' rows. A hash map over the same bytes finds them ([`recent`]).
//! * When these take too much memory, they are sealed in the background: sorted by hash and written to a [`run`], a file that is
//!   never changed. One batch then names the run in the table's [`manifest`] and removes the journal's rows.
//! * A look-up asks the hash map and then each run, newest first. A [`filter`] in front of each run says almost always at once that
//!   it has no such key; else one read of 4 KB finds the row.
//! * Runs are merged when there are many of one size ([`merge`]), so that a row is written again only as often as the table grows
//!   eightfold. The newest row of a key wins; deletions are kept until nothing older is left.
//!
//! Measured with `examples/random_rows.rs` on a machine with 2 cores that others used too, so trust the ratios: small rows (tenant, UUID;
//! two numbers) in batches of 8000 through the store's API, default options.
//!
//! | | rows/s written | get, there | get, not there | disk per row | opening |
//! |---|---|---|---|---|---|
//! | LSM tree, filter of a file as a whole, 2 M rows | 320 k | 128 µs | 119 µs | 80 B | 1.5 s |
//! | LSM tree, filters in parts, 2 M rows | 470–490 k | 12–18 µs | 2.4–3 µs | 48 B | 0.8–1.5 s |
//! | point access, 2 M rows | 1.3–1.6 M | 2.9–3.8 µs | 0.5–1 µs | 38–50 B | 0.03 s |
//! | point access, 10 M rows | 2.5 M | 2.5–3.3 µs | 1 µs | 46 B | 0.01 s |
//!
//! Gets are in calls of 50. With both cores in use by others, the LSM tree fell to 110 k rows/s, because its merges then hold up
//! writers, and point access to 880 k.
//!
//! A crash at any instant leaves the manifest and the journal as one batch left them. A run that no manifest names is removed when
//! the table is opened; files of merged runs are removed only once the manifest without them is durable.

mod entry;
mod filter;
mod manifest;
mod merge;
mod recent;
mod run;
mod table;
mod worker;
mod writer;

pub(crate) use run::Room;
pub(crate) use table::{Batch, PointTable, Settings};
pub(crate) use worker::Workers;
