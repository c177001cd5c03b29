//! The durable record: envelope, kinds, versioned bytes, reading of every released version.
