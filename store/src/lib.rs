//! What Writ remembers: PostgreSQL, which holds the truth, and Redis, which counts attempts.
//!
//! What it is: rows in, rows out, one file per table and one method per statement. Everything that
//! belongs to a tenant is reached through a [`TenantScope`], one transaction in which PostgreSQL
//! itself shows that tenant's rows only; what stands above tenants through a [`PlatformScope`].
//!
//! What it is not: rules, secrets, caches. It decides nothing but "only if it still is so".
//!
//! How to add one more table: a migration (`migrations/README.md`), a file here named after it, its
//! methods on [`TenantScope`] with the tenant in every statement, a two-tenant case for each in
//! `tests/isolation`, a line in `sweep`.

mod admin_keys;
mod audit_events;
mod authorization_codes;
mod browser_sessions;
mod change_listener;
mod changes;
mod client_assertion_ids;
mod client_documents;
mod client_keys;
mod client_secrets;
mod clients;
mod consents;
mod database;
mod decisions;
mod device_authorizations;
mod dpop_proof_ids;
mod due_work;
mod ended_audiences;
mod ended_clients;
mod error;
mod grants;
mod group_members;
mod groups;
mod idempotent_answers;
mod initial_access_tokens;
mod installation;
mod isolation_check;
mod issuer_hosts;
mod key_encryption_keys;
mod lines;
mod logout_notices;
mod memberships;
mod migrate;
mod platform_scope;
mod policy_versions;
pub mod redis;
mod refresh_tokens;
mod refused_resource_indicators;
mod resource_credentials;
mod resource_tools;
mod resources;
mod revocations;
mod revoked_access_tokens;
mod roles;
mod secret_digest;
mod signing_key_sightings;
mod signing_keys;
mod sweep;
mod tenant_deletion;
mod tenant_quotas;
mod tenant_scope;
mod tenants;
mod users;
mod webhook_deliveries;
mod webhooks;

pub use protocol::client::registration::RegistrationPolicy;
pub use protocol::signing_key_schedule::{SigningKeyState, SigningKeyUse};

pub use admin_keys::{AdminKey, NewAdminKey};
pub use audit_events::{
    AuditActor, AuditCursor, AuditErasure, AuditEvent, AuditFilter, ErasedEvents, FirstKept,
    NewAuditEvent, PlatformAuditEvent, SHORTEST_AUDIT_RETENTION, TokenReuseFilter,
};
pub use authorization_codes::{AuthorizationCodeRecord, NewAuthorizationCode};
pub use browser_sessions::{BrowserSession, NewBrowserSession, UserSession};
pub use change_listener::{ChangeListener, Heard};
pub use changes::{Change, ChangeHook, ChangeKind};
pub use client_documents::{
    ClientDocumentRecord, ClientDocumentTimes, NewClientDocument, UpsertedDocument,
};
pub use client_secrets::{ClientSecret, NewClientSecret};
pub use clients::{ClientRecord, DeletedClient};
pub use consents::{ConsentCursor, NewConsent, StoredConsent};
pub use database::{Database, DatabaseSettings};
pub use decisions::{DECISIONS_KEPT, DECISIONS_KEPT_FOR, Decision, DecisionFilter, NewDecision};
pub use device_authorizations::{DeviceAuthorizationRecord, DevicePoll, NewDeviceAuthorization};
pub use due_work::{DueWork, DueWorkKind};
pub use ended_audiences::EndedAudience;
pub use ended_clients::EndedClient;
pub use error::StoreError;
pub use grants::{Grant, GrantEnding, NewGrant, RevokedReason};
pub use groups::{Group, GroupUpdate, NewGroup};
pub use idempotent_answers::{IdempotentAnswer, NewIdempotentAnswer};
pub use initial_access_tokens::{InitialAccessToken, NewInitialAccessToken};
pub use isolation_check::IsolationError;
pub use issuer_hosts::{IssuerHostClaim, IssuerHostUse};
pub use key_encryption_keys::{KeyEncryptionKeyUse, SealedKeyName};
pub use lines::Waiting;
pub use logout_notices::LogoutNotice;
pub use memberships::{Membership, NewMembership};
pub use migrate::{MIGRATOR, MigrateError, MigrateSettings, migrate};
pub use platform_scope::PlatformScope;
pub use policy_versions::{KEPT_POLICY_VERSIONS, NewPolicyVersion, PolicyAuthor, PolicyVersion};
pub use refresh_tokens::{NewRefreshFamily, RefreshFamilyRecord, RefreshRotation};
pub use refused_resource_indicators::{NewRefusedResourceIndicator, RefusedResourceIndicator};
pub use resource_credentials::{NewResourceCredential, ResourceCredential};
pub use resource_tools::{FoundTools, ResourceTools};
pub use resources::{LeftAudience, ResourceRecord};
pub use revocations::{Revocation, RevocationCursor, RevokedThing};
pub use roles::{InvalidRoleName, Roles};
pub use secret_digest::{SecretDigest, StoredSecret};
pub use signing_key_sightings::SigningKeySighting;
pub use signing_keys::{NewSigningKey, SigningKeyRecord};
pub use sweep::{GrantCursor, GrantSweep, SweepReport, SweptClient};
pub use tenant_quotas::{QuotaKind, TenantQuotas, Usage};
pub use tenant_scope::TenantScope;
pub use tenants::{
    ClientDocumentPolicy, DocumentMode, NewTenant, RegistrationRules, SoftwareStatementIssuer,
    Tenant, TenantSettings, TenantState, TenantTolerances, TenantUpdate,
};
pub use users::{LoginRecord, LoginUser, NewUser, PasswordCounts, User, UserRecord, UserUpdate};
pub use webhook_deliveries::{ClaimedDelivery, DeliveryOutcome, DeliveryState, WebhookDelivery};
pub use webhooks::{
    NewWebhook, SealedWebhookSecret, Webhook, WebhookAddress, WebhookState, WebhookUpdate,
};

// The harness of the black-box tests makes the databases; it calls this crate by its name.
#[cfg(test)]
extern crate self as store;

#[cfg(test)]
#[path = "../../tests/harness/database.rs"]
#[expect(dead_code, reason = "what only the black-box tests ask of it")]
mod test_database;
#[cfg(test)]
#[path = "../tests/mod.rs"]
mod tests;
