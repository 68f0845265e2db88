//! What the methods promise: single use, one leaf, nothing half done; and what a replica hears of it.

mod audit_events;
mod authorization_codes;
mod changes;
mod configuration;
mod database;
mod due_work;
mod newcomers;
mod redis;
mod refresh_tokens;
mod tenants;
