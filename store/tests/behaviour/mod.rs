//! What the methods promise: single use, one leaf, nothing half done; and what a replica hears of it.

mod audit_events;
mod authorization_codes;
mod changes;
mod configuration;
mod database;
mod device_authorizations;
mod dpop_proof_ids;
mod due_work;
mod ended_meanwhile;
mod endings;
mod newcomers;
mod redis;
mod refresh_tokens;
mod signing_key_sightings;
mod signing_keys;
mod tenants;
