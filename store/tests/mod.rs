//! The tests of this room that need PostgreSQL, one folder each:
//!
//! - `isolation`: each of the three locks alone, for every method of a tenant's scope
//! - `query_plans`: every statement, explained as the role that runs it
//! - `schema`: keys, policies, grants, roles, and what `writ` refuses to serve on
//! - `behaviour`: what the methods promise, above all when two of them meet

mod behaviour;
mod isolation;
mod query_plans;
mod schema;
mod support;
