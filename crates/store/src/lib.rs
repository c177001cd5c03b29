//! Contract of a table store, and the suite that every backend passes.
