//! What a client sees, resource by resource.

mod about;
mod definitions;
mod filters;
mod references;
mod statements;
