//! Every read model: its tables, its pure apply, its lookups; one file each.
