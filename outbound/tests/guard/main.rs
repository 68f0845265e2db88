//! The guard at a real socket: a TLS listener on this machine stands for every public address, so
//! that "refused before a connection is made" is a statement about the listener.
#![expect(clippy::unwrap_used, reason = "tests")]

mod answers;
mod budgets;
mod destinations;
mod limits;
mod posts;
mod site;
