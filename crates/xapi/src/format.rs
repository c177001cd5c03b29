//! The formats in which stored statements are returned (1.0.3 Communication 2.1.3): `ids` and `canonical`.
//! `exact` is what is stored.

mod canonical;
mod ids;
mod merge;

pub use canonical::append_canonical;
pub use ids::append_ids;
pub use merge::merge_definitions;

use crate::skim::{decode, member};

/// `objectType` of an object, by default `Activity`.
fn object_type(object: &[u8]) -> std::borrow::Cow<'_, str> {
    member(object, "objectType").map_or("Activity".into(), decode)
}
