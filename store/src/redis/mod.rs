//! Redis, which is optional: one count of attempts for all replicas, and nothing else. Losing it, or
//! finding it emptied, never grants anything.
//!
//! How to add one more use: a file here whose keys begin with what they are for and whose tenant; it
//! must still be safe when every key is gone.

mod circuit;
mod rate_limit;

pub use rate_limit::{SharedLimits, SharedLimitsError};
