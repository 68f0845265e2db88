//! What the methods promise: single use, one leaf, nothing half done; and what a replica hears of it.

mod administrators;
mod audit_events;
mod audit_filters;
mod authorization_codes;
mod changes;
mod configuration;
mod database;
mod decisions;
mod device_authorizations;
mod dpop_proof_ids;
mod due_work;
mod ended_meanwhile;
mod endings;
mod idempotent_answers;
mod issuer_hosts;
mod newcomers;
mod people;
mod policy_versions;
mod redis;
mod refresh_tokens;
mod signing_key_sightings;
mod signing_keys;
mod tenants;
mod webhooks;
