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
