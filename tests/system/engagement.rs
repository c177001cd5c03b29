//! The engagement model over a whole term: what the server answers equals a slow, obvious computation.
