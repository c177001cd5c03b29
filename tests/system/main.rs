//! The whole system, as its users see it: a real `plaudit` over HTTP, stopped, killed and started again.

mod api;
mod clients;
mod engagement;
mod golden;
mod hostile;
mod recovery;
mod samples;
