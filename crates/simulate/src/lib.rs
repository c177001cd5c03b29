//! Plays an LMS: personas, courses, habits, retries and late batches, from a seed.
