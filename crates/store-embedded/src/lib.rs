//! The table store on local disk, on an LSM tree.
