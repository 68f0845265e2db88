//! Memberships of one tenant, for its own administrators.

pub mod create;
pub mod delete;
pub mod find;
pub mod list;
