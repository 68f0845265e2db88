//! What is counted, for `/metrics`: one registry, counters with labels of bounded values only.
//!
//! A label is a word of ours (a grant type, an outcome, a limit), never something a caller sent:
//! no tenant, client, user or address (row S3).
//!
//! To add one more: CONTRIBUTING.md, "Add a metric".

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// Every counter of the process.
pub struct Metrics {
    registry: Registry,
    /// `outcome`: code_issued, refused, denied.
    pub authorizations: IntCounterVec,
    /// `outcome`: succeeded, failed, limited, busy, full, error.
    pub logins: IntCounterVec,
    /// Of people whose password other software had hashed, at their first good sign-in.
    pub password_hashes_renewed: IntCounter,
    /// `by`: page, client, `account_switch`, `other_login`, operator.
    pub logouts: IntCounterVec,
    /// `quota`: users, clients, resources, sessions.
    pub quota_refusals: IntCounterVec,
    /// `step`: scheduled, restored, deleted.
    pub tenant_deletions: IntCounterVec,
    /// `outcome`: verified, mismatch, not_fetched.
    pub issuer_host_checks: IntCounterVec,
    /// `outcome`: granted, denied, remembered, withdrawn.
    pub consents: IntCounterVec,
    /// `grant_type`.
    pub tokens_issued: IntCounterVec,
    /// `grant_type`: of the request that got it beside its access token.
    pub id_tokens_issued: IntCounterVec,
    /// `grant_type`, `error`: the OAuth error code.
    pub tokens_refused: IntCounterVec,
    /// `outcome`: rotated, kept, same_successor, dead, reuse.
    pub refreshes: IntCounterVec,
    /// `class`: lost_answer, two_processes, stale_copy, theft_suspected. Most of them are harmless.
    pub spent_refresh_tokens_shown: IntCounterVec,
    /// `kind`: code, `device_code`, `refresh_token`. None of them is harmless.
    pub reuses: IntCounterVec,
    /// `outcome`: active, inactive; `format`: json, jwt.
    pub introspections: IntCounterVec,
    /// `kind`: grant, access_token, unknown, by a client; `operator_grant`, `all_refresh_tokens`.
    pub revocations: IntCounterVec,
    pub revocation_feeds_signed: IntCounter,
    /// `outcome`: registered, refused.
    pub registrations: IntCounterVec,
    /// `reason`.
    pub client_authentication_failures: IntCounterVec,
    /// `outcome`: accepted, or why not.
    pub dpop_proofs: IntCounterVec,
    /// `outcome`: requested, refused, approved, denied, `unknown_code`.
    pub device_authorizations: IntCounterVec,
    /// `outcome`: pushed, refused.
    pub pushed_requests: IntCounterVec,
    /// `outcome`: remembered, stored, fetched, stale, or why the document could not be used.
    pub client_documents: IntCounterVec,
    /// `kind`: metadata_document, jwks, logo, logout_notice, webhook; `outcome`: fetched, or why not.
    pub outbound_fetches: IntCounterVec,
    /// `outcome`: told, failed, given_up, not_wanted.
    pub logout_notices: IntCounterVec,
    /// `outcome`: delivered, failed, given_up, busy, event_gone, unsealed.
    pub webhook_deliveries: IntCounterVec,
    /// `reason`: failing, gone.
    pub webhooks_paused: IntCounterVec,
    /// `outcome`: answered, refused, refused_proof, error.
    pub userinfo: IntCounterVec,
    /// `tolerance`.
    pub tolerances_used: IntCounterVec,
    /// `operation`: read, update, delete; `outcome`: done, refused.
    pub registration_management: IntCounterVec,
    /// `action`: authorize, issue, exchange, register; `outcome`: allowed, narrowed, denied, `stronger_sign_in`.
    pub decisions: IntCounterVec,
    /// Policies that could not be evaluated: each denied what it was asked about.
    pub policy_failures: IntCounter,
    /// `outcome`: compiled, refused.
    pub policy_compilations: IntCounterVec,
    /// `why`: bound, queue, database.
    pub decision_traces_dropped: IntCounterVec,
    /// `kind`, of a tenant's rows: `authorization_codes`, `browser_sessions`, grants, clients,
    /// `client_assertion_ids`, `idempotent_answers`, `dpop_proof_ids`, `initial_access_tokens`, `device_authorizations`,
    /// `logout_notices`, `ended_clients`, `ended_audiences`, decisions, `webhook_deliveries`, webhooks; of what stands above tenants: revocations, `audit_months`,
    /// `audit_events`, `admin_keys`.
    pub swept: IntCounterVec,
    /// `round`: `logout_notices`, webhooks, work; `outcome`: done, failed, `wrong_clock`.
    pub job_rounds: IntCounterVec,
    /// `limit`.
    pub rate_limited: IntCounterVec,
    /// Resource and signing key, when it was shown for the first time.
    pub signing_key_sightings: IntCounter,
    /// `outcome`: made, activated, retired, removed, `removed_in_emergency`, resealed, failed.
    pub signing_key_changes: IntCounterVec,
    /// Seconds since the oldest of all active signing keys began to sign.
    pub oldest_signing_key_age: IntGauge,
    /// RSA key pairs that are ready to be taken.
    pub spare_rsa_keys: IntGauge,
    /// `when`: ahead, needed.
    pub rsa_keys_made: IntCounterVec,
    /// `by`: `bootstrap_key`, `admin_key`, administrator, nobody.
    pub admin_calls: IntCounterVec,
    pub database_errors: IntCounter,
    /// Answers that had to read PostgreSQL because the cache was not fresh.
    pub cache_bypasses: IntCounter,
    /// 1 while changes made elsewhere reach this replica in time.
    pub is_fresh: IntGauge,
    pub shared_limit_errors: IntCounter,
    pub audit_events_dropped: IntCounter,
    /// Events that a person's data was taken out of.
    pub audit_events_erased: IntCounter,
    pub password_computations: IntGauge,
    /// Of them, those of hashes that other software made.
    pub foreign_password_computations: IntGauge,
    pub client_secret_computations: IntGauge,
}

impl Metrics {
    #[expect(clippy::too_many_lines, reason = "a list: a metric each")]
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counters = Family {
            registry: &registry,
        };
        Ok(Self {
            authorizations: counters.by(
                "writ_authorizations_total",
                "Authorization requests that ended.",
                &["outcome"],
            )?,
            logins: counters.by("writ_logins_total", "Sign-in attempts.", &["outcome"])?,
            password_hashes_renewed: counters.one(
                "writ_password_hashes_renewed_total",
                "Password hashes of other software that were made anew.",
            )?,
            quota_refusals: counters.by(
                "writ_quota_refusals_total",
                "What a tenant's quota did not allow.",
                &["quota"],
            )?,
            issuer_host_checks: counters.by(
                "writ_issuer_host_checks_total",
                "Claimed hosts of issuers that were asked for their proof.",
                &["outcome"],
            )?,
            tenant_deletions: counters.by(
                "writ_tenant_deletions_total",
                "Tenants that are to be deleted, were taken back, or were deleted.",
                &["step"],
            )?,
            logouts: counters.by(
                "writ_logouts_total",
                "Browser sessions that people ended.",
                &["by"],
            )?,
            consents: counters.by("writ_consents_total", "Consents given, refused and withdrawn.", &["outcome"])?,
            tokens_issued: counters.by(
                "writ_tokens_issued_total",
                "Access tokens issued.",
                &["grant_type"],
            )?,
            id_tokens_issued: counters.by(
                "writ_id_tokens_issued_total",
                "ID tokens issued beside access tokens.",
                &["grant_type"],
            )?,
            tokens_refused: counters.by(
                "writ_tokens_refused_total",
                "Token requests refused.",
                &["grant_type", "error"],
            )?,
            refreshes: counters.by("writ_refreshes_total", "Refresh decisions.", &["outcome"])?,
            spent_refresh_tokens_shown: counters.by(
                "writ_spent_refresh_tokens_shown_total",
                "Spent refresh tokens that came again, by what that most probably was.",
                &["class"],
            )?,
            reuses: counters.by(
                "writ_reuses_total",
                "Spent credentials that came again in such a way that what came of them was revoked.",
                &["kind"],
            )?,
            introspections: counters.by(
                "writ_introspections_total",
                "Introspection answers.",
                &["outcome", "format"],
            )?,
            revocations: counters.by(
                "writ_revocations_total",
                "Revocations asked for, by clients and by operators.",
                &["kind"],
            )?,
            revocation_feeds_signed: counters.one(
                "writ_revocation_feeds_signed_total",
                "Revocation feeds signed: one for each change of a tenant, and every five minutes.",
            )?,
            registrations: counters.by(
                "writ_registrations_total",
                "Dynamic registrations.",
                &["outcome"],
            )?,
            client_authentication_failures: counters.by(
                "writ_client_authentication_failures_total",
                "Failed client authentications.",
                &["reason"],
            )?,
            dpop_proofs: counters.by(
                "writ_dpop_proofs_total",
                "DPoP proofs that came with requests.",
                &["outcome"],
            )?,
            device_authorizations: counters.by(
                "writ_device_authorizations_total",
                "Device requests (RFC 8628), and what became of them.",
                &["outcome"],
            )?,
            pushed_requests: counters.by(
                "writ_pushed_requests_total",
                "Pushed authorization requests (RFC 9126).",
                &["outcome"],
            )?,
            client_documents: counters.by(
                "writ_client_documents_total",
                "Metadata documents of clients that an authorization needed.",
                &["outcome"],
            )?,
            outbound_fetches: counters.by(
                "writ_outbound_fetches_total",
                "Fetches from hosts of others.",
                &["kind", "outcome"],
            )?,
            logout_notices: counters.by(
                "writ_logout_notices_total",
                "Attempts to tell a client that a session has ended.",
                &["outcome"],
            )?,
            webhook_deliveries: counters.by(
                "writ_webhook_deliveries_total",
                "Attempts to tell a webhook of an event.",
                &["outcome"],
            )?,
            webhooks_paused: counters.by(
                "writ_webhooks_paused_total",
                "Webhooks that are told nothing any more, since they failed for days or said that they are gone.",
                &["reason"],
            )?,
            userinfo: counters.by(
                "writ_userinfo_total",
                "Requests to the userinfo endpoint.",
                &["outcome"],
            )?,
            tolerances_used: counters.by(
                "writ_tolerances_used_total",
                "Requests that a compatibility switch or a known client's habit let pass.",
                &["tolerance"],
            )?,
            registration_management: counters.by(
                "writ_registration_management_total",
                "Clients that read, changed or removed their registration.",
                &["operation", "outcome"],
            )?,
            decisions: counters.by(
                "writ_decisions_total",
                "Decisions of the tenants' policies.",
                &["action", "outcome"],
            )?,
            policy_failures: counters.one(
                "writ_policy_failures_total",
                "Policies that could not be evaluated, each of which denied.",
            )?,
            policy_compilations: counters.by(
                "writ_policy_compilations_total",
                "Stored policies compiled: once per version and replica, and again for what had no room.",
                &["outcome"],
            )?,
            decision_traces_dropped: counters.by(
                "writ_decision_traces_dropped_total",
                "Traces of refusals that were not kept: too many in a minute, a full queue, or a batch that could not be written.",
                &["why"],
            )?,
            swept: counters.by("writ_swept_total", "Rows that a sweep removed.", &["kind"])?,
            job_rounds: counters.by(
                "writ_job_rounds_total",
                "Rounds of jobs of this replica.",
                &["round", "outcome"],
            )?,
            rate_limited: counters.by(
                "writ_rate_limited_total",
                "Requests refused by a limit.",
                &["limit"],
            )?,
            signing_key_sightings: counters.one(
                "writ_signing_key_sightings_total",
                "Signing keys that a resource was shown at the JWKS URL of its own for the first time.",
            )?,
            signing_key_changes: counters.by(
                "writ_signing_key_changes_total",
                "Steps of signing keys.",
                &["outcome"],
            )?,
            oldest_signing_key_age: counters.gauge(
                "writ_oldest_signing_key_age_seconds",
                "How long the oldest of all active signing keys has been signing.",
            )?,
            spare_rsa_keys: counters.gauge(
                "writ_spare_rsa_keys",
                "RSA key pairs made ahead of time that are ready to be taken.",
            )?,
            rsa_keys_made: counters.by(
                "writ_rsa_keys_made_total",
                "RSA key pairs made.",
                &["when"],
            )?,
            admin_calls: counters.by(
                "writ_admin_calls_total",
                "Calls of the admin API, by what the caller proved itself with.",
                &["by"],
            )?,
            database_errors: counters.one(
                "writ_database_errors_total",
                "Operations that failed in the store.",
            )?,
            cache_bypasses: counters.one(
                "writ_cache_bypasses_total",
                "Answers read from PostgreSQL because the cache was not fresh.",
            )?,
            is_fresh: counters.gauge(
                "writ_is_fresh",
                "1 while changes made elsewhere reach this replica in time.",
            )?,
            shared_limit_errors: counters.one(
                "writ_shared_limit_errors_total",
                "Shared limits that Redis did not answer.",
            )?,
            audit_events_dropped: counters.one(
                "writ_audit_events_dropped_total",
                "Events lost to a full queue, or to a batch that could not be written.",
            )?,

            audit_events_erased: counters.one(
                "writ_audit_events_erased_total",
                "Audit events that the data of an erased person was taken out of.",
            )?,            foreign_password_computations: counters.gauge(
                "writ_foreign_password_computations",
                "Password computations of hashes that other software made.",
            )?,
            password_computations: counters.gauge(
                "writ_password_computations",
                "Password hashes computed since start.",
            )?,
            client_secret_computations: counters.gauge(
                "writ_client_secret_computations",
                "Hashes of chosen client secrets computed since start.",
            )?,
            registry,
        })
    }

    /// The text that a scrape reads.
    pub fn encode(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// For gauges that other rooms own.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

struct Family<'a> {
    registry: &'a Registry,
}

impl Family<'_> {
    fn by(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        let family = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.registry.register(Box::new(family.clone()))?;
        Ok(family)
    }

    fn one(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        let counter = IntCounter::new(name, help)?;
        self.registry.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        let gauge = IntGauge::new(name, help)?;
        self.registry.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }
}
