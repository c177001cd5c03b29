//! Decides a write, appends it, acknowledges once the log confirmed.
