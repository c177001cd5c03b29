//! The projector over the embedded log and store, with a small read model that counts.

mod faults;
mod poison;
mod rebuild;
mod resume;
mod rows;
mod world;
