//! What every store keeps: the tests that each backend runs with one line.
//!
//! ```ignore
//! plaudit_store::store_suite!(MyFactory::new());
//! ```
//!
//! makes a test of each case. Every case has a generation of its own, so all may run at once over one database.

mod conditions;
mod given;
mod points;
mod records;
mod rows;
mod scans;
mod slices;

use std::sync::Arc;

use crate::{RecordSource, Store};

pub use conditions::*;
pub use given::Ledger;
pub use points::*;
pub use records::*;
pub use rows::*;
pub use scans::*;
pub use slices::*;

/// Opens the backend under test.
#[async_trait::async_trait]
pub trait Factory: Send + Sync {
    /// The backend.
    type Store: Store;

    /// Opens the store over what was written through earlier ones of this factory. Those are gone by now.
    async fn open(&self, records: Arc<dyn RecordSource>) -> Self::Store;
}

/// Makes a test of each case of the suite; the argument makes a [`Factory`], anew for each.
#[macro_export]
macro_rules! store_suite {
    ($factory:expr) => {
        $crate::store_suite!($factory;
            tables_are_created_twice,
            a_changed_declaration_needs_a_new_version,
            a_row_is_put_replaced_and_deleted,
            rows_come_in_the_order_asked,
            every_kind_of_column_comes_back,
            large_values_come_back,
            the_last_change_of_a_key_in_a_call_wins,
            a_write_is_seen_by_later_reads,
            rows_that_do_not_fit_are_refused,
            generations_are_apart,
            a_dropped_generation_is_gone,
            rows_are_there_after_reopening,
            numbers_are_sliced_in_order,
            timestamps_are_sliced_in_order,
            texts_are_sliced_in_order,
            blobs_are_sliced_in_order,
            uuids_are_sliced_in_order,
            several_columns_are_sliced_in_order,
            slices_have_a_limit,
            partitions_do_not_leak,
            a_scan_gives_each_row_once,
            a_scan_of_nothing_ends,
            an_absent_row_is_set_once,
            a_present_row_is_set_if_it_equals,
            concurrent_increments_all_count,
            concurrent_claims_have_one_winner,
            records_come_back_with_their_bytes,
            records_are_found_by_their_place,
            records_are_compared,
            point_rows_are_put_replaced_and_deleted,
            point_rows_are_scanned,
            point_rows_are_not_sliced,
            point_rows_are_there_after_reopening,
            point_generations_are_dropped,
        );
    };
    ($factory:expr; $($case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $crate::suite::$case(&$factory).await;
            }
        )*
    };
}
