//! Answers reads: filters, cursors, consistent-through, formats.
