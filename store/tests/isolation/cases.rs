//! One line per public method of a tenant's scope: what A does with B's things.

use std::pin::Pin;

use protocol::client::ClientOrigin;
use protocol::{SecretText, SessionId};

use crate::tenant_scope::TenantScope;
use crate::tests::support::{
    ANSWERED_CALLER, Things, USED_JTI, at, client_secret_of, device_of, digest, dpop_key, grant_of,
    idempotent_answer, new_family, policy_version,
};
use crate::{
    AuditFilter, ClaimedDelivery, DecisionFilter, DeletedClient, DeliveryOutcome, DeliveryState,
    DevicePoll, DueWorkKind, ErasedEvents, GrantSweep, LeftAudience, LoginRecord, NewAdminKey,
    NewBrowserSession, NewClientSecret, NewResourceCredential, RefreshRotation, RevokedReason,
    StoreError, SweepReport, TokenReuseFilter, Usage, WebhookState, WebhookUpdate,
};

type Running<'a> = Pin<Box<dyn Future<Output = Result<bool, StoreError>> + Send + 'a>>;

pub(super) struct Case {
    pub method: &'static str,
    /// Whether it found or changed something.
    pub run: for<'a> fn(&'a mut TenantScope, &'a Things) -> Running<'a>,
}

/// Whether an answer is more than "not found".
trait Answer {
    fn is_something(&self) -> bool;
}

impl<T> Answer for Option<T> {
    fn is_something(&self) -> bool {
        self.is_some()
    }
}

impl<T> Answer for Vec<T> {
    fn is_something(&self) -> bool {
        !self.is_empty()
    }
}

impl Answer for bool {
    fn is_something(&self) -> bool {
        *self
    }
}

impl Answer for u32 {
    fn is_something(&self) -> bool {
        *self > 0
    }
}

impl Answer for i64 {
    fn is_something(&self) -> bool {
        *self > 0
    }
}

impl Answer for u64 {
    fn is_something(&self) -> bool {
        *self > 0
    }
}

/// A write that says nothing: the rows say whether it did something.
impl Answer for () {
    fn is_something(&self) -> bool {
        false
    }
}

impl Answer for GrantSweep {
    fn is_something(&self) -> bool {
        *self != Self::default()
    }
}

impl Answer for LoginRecord {
    fn is_something(&self) -> bool {
        *self != Self::default()
    }
}

impl Answer for Usage {
    fn is_something(&self) -> bool {
        *self != Self::default()
    }
}

impl Answer for ErasedEvents {
    fn is_something(&self) -> bool {
        *self != Self::default()
    }
}

impl Answer for SweepReport {
    fn is_something(&self) -> bool {
        *self != Self::default()
    }
}

/// What it writes is A's own row about an id that means nothing there; that B's are untouched is seen
/// in the rows.
fn writes_its_own<T>(_answer: T) {}

/// The session that B's client was told of.
fn session_of(b: &Things) -> SessionId {
    b.grant.session_id.unwrap()
}

fn left_audience_of(b: &Things) -> LeftAudience {
    LeftAudience {
        audience: Some(b.resource.audience.clone()),
    }
}

fn deleted_of(b: &Things) -> DeletedClient {
    DeletedClient {
        client_id: b.client.client_id.to_string(),
        may_have_tokens: true,
    }
}

/// Of the event that B's webhook is to be told of.
fn delivery_of(b: &Things) -> ClaimedDelivery {
    ClaimedDelivery {
        webhook_id: b.webhook.webhook_id,
        event_id: b.event.event_id,
        occurred_at: b.event.occurred_at,
        attempts: 0,
    }
}

fn given_up() -> DeliveryOutcome {
    DeliveryOutcome {
        state: DeliveryState::Failed,
        is_attempt: true,
        due_at: at(5),
        status: None,
        error: Some("timeout".to_owned()),
    }
}

fn webhook_update() -> WebhookUpdate {
    WebhookUpdate {
        name: "Mallory".to_owned(),
        url: "https://mallory.example".to_owned(),
        event_types: vec!["*".to_owned()],
        state: WebhookState::Active,
    }
}

macro_rules! cases {
    ($b:ident; $($method:ident($($argument:expr),*) $($own:ident)?;)+) => {
        pub(super) const CASES: &[Case] = &[$(
            Case {
                method: stringify!($method),
                run: |scope, $b| Box::pin(async move {
                    let _ = $b;
                    let answer = scope.$method($($argument),*).await?;
                    $(let answer = $own(answer);)?
                    Ok(answer.is_something())
                }),
            },
        )+];
    };
}

cases! {
    b;
    // admin_keys and memberships
    insert_admin_key(&NewAdminKey { digest: digest(), ..b.admin_key.clone() }, at(5));
    find_admin_key_by_id(b.admin_key.admin_key_id);
    find_admin_key_for_update(b.admin_key.admin_key_id);
    list_admin_keys(None, 100);
    rename_admin_key(b.admin_key.admin_key_id, "Mallory's");
    shorten_admin_key(b.admin_key.admin_key_id, at(5));
    revoke_admin_key(b.admin_key.admin_key_id, at(5));
    insert_membership(b.membership(), at(5));
    find_membership(b.membership().membership_id);
    list_memberships(None, 100);
    delete_membership(b.membership().membership_id);
    // audit_events
    insert_audit_event(&b.event);
    list_audit_events(&AuditFilter::default(), None, 100);
    find_audit_events(&[b.event.cursor()]);
    insert_audit_erasure(b.user_id(), at(5), at(5)) writes_its_own;
    list_audit_erasures(100);
    erase_from_audit_events(b.user_id(), None, 100);
    delete_audit_erasure(b.user_id());
    list_audit_events_of_target("grant", &b.grant.grant_id.to_string(), None, 100);
    list_token_reuses(&TokenReuseFilter::default(), None, 100);
    // authorization_codes
    insert_grant_with_code(&b.open_grant, &b.open_code, at(5));
    find_authorization_code(&[b.code.digest, b.open_code.digest]);
    redeem_authorization_code(&b.open_code.digest, Some(&new_family()), at(5));
    redeem_authorization_code(&b.open_code.digest, None, at(5));
    // browser_sessions
    insert_browser_session(&NewBrowserSession { digest: digest(), ..b.session.clone() }, at(5));
    find_browser_session(&[b.session.digest], at(5));
    hold_browser_session(b.session.session_id);
    delete_browser_session(b.session.session_id);
    delete_browser_sessions_of_user(b.user_id());
    list_browser_sessions_of_user(b.user_id(), None, at(5), 100);
    find_browser_session_of_user(b.user_id(), b.session.session_id, at(5));
    renew_browser_session(&NewBrowserSession { digest: digest(), ..b.session.clone() });
    // logout_notices
    insert_logout_notices(b.grant.session_id.as_slice(), at(5));
    claim_logout_notices(at(5), at(900), 100);
    delete_logout_notice(session_of(b), b.client.key);
    postpone_logout_notice(session_of(b), b.client.key, at(900));
    plan_logout_notices(at(5));
    // webhooks and their deliveries
    insert_webhook(&b.webhook, at(5));
    find_webhook(b.webhook.webhook_id);
    find_webhook_for_update(b.webhook.webhook_id);
    list_webhooks(None, 100);
    update_webhook(b.webhook.webhook_id, &webhook_update(), at(5));
    rotate_webhook_secret(b.webhook.webhook_id, &b.webhook.secret, Some(at(900)), at(5));
    list_webhooks_to_reseal("another", 100);
    reseal_webhook_secret(b.webhook.webhook_id, &b.webhook.secret, None);
    delete_webhook(b.webhook.webhook_id, at(5));
    note_webhook_success(b.webhook.webhook_id, at(5));
    note_webhook_failure(b.webhook.webhook_id, None, at(5));
    pause_webhook(b.webhook.webhook_id, "failing", at(5));
    list_webhook_addresses(&[b.webhook.webhook_id]);
    list_webhook_deliveries(b.webhook.webhook_id, None, None, 100);
    list_webhook_deliveries(b.webhook.webhook_id, Some(DeliveryState::Pending), None, 100);
    find_webhook_delivery(b.webhook.webhook_id, b.event.event_id);
    count_pending_deliveries(b.webhook.webhook_id, 100);
    insert_own_webhook_delivery(b.webhook.webhook_id, b.event.cursor(), "webhook.tested", at(5));
    replay_webhook_delivery(b.webhook.webhook_id, b.event.event_id, at(5));
    claim_webhook_deliveries(at(5), at(900), 100);
    settle_webhook_delivery(&delivery_of(b), &given_up(), at(5));
    plan_webhook_deliveries(at(5));
    // clients and their secrets
    insert_client(&b.client, Some(&b.client_secret), at(5));
    update_client(&b.client, at(5));
    find_client(&b.client.client_id);
    find_client_for_update(&b.client.client_id);
    find_client_by_key(b.client.key);
    list_clients(None, 100);
    list_clients_of_origin(ClientOrigin::Document, None, 100);
    list_clients_of_name("Tools", None, 100);
    insert_client_secret(b.client.key, &NewClientSecret { ..client_secret_of(b) }, at(5));
    delete_client_secret(b.client.key, b.client_secret.credential_id);
    set_client_secret_expiry(b.client.key, b.client_secret.credential_id, at(6), at(5));
    hold_client(b.client.key);
    delete_client(b.client.key);
    insert_ended_client(&deleted_of(b), at(5), at(900));
    list_ended_clients(at(5), at(-900), 100);
    // clients that come by themselves
    set_client_registration_token(b.newcomers.registered.key, &digest());
    count_registered_clients(100);
    count_document_clients(100);
    upsert_document_client(&b.newcomers.described, &b.newcomers.document, at(5)) writes_its_own;
    list_client_document_times(&[b.newcomers.described.key]);
    find_client_document(&b.newcomers.described.client_id);
    insert_client_assertion_id(&b.client.client_id, USED_JTI, at(900), at(5)) writes_its_own;
    insert_dpop_proof_id(&dpop_key(), USED_JTI, at(900), at(5)) writes_its_own;
    sweep_dpop_proof_ids(at(900), 100);
    has_dpop_proof_ids();
    insert_idempotent_answer(&idempotent_answer(), at(5)) writes_its_own;
    find_idempotent_answer(ANSWERED_CALLER, &[7; 32], at(5));
    insert_initial_access_token(&b.newcomers.initial_access_token, at(5));
    find_initial_access_token(b.newcomers.initial_access_token.token_id);
    list_initial_access_tokens(None, 100);
    use_initial_access_token(&[b.newcomers.initial_access_token.digest], at(5));
    revoke_initial_access_token(b.newcomers.initial_access_token.token_id, at(5));
    // policy_versions
    insert_policy_version(&policy_version(), at(5)) writes_its_own;
    find_active_policy_version();
    find_active_policy_number();
    find_policy_version(1);
    list_policy_versions(None, 100);
    // refused_resource_indicators
    keep_refused_resource_indicator(&b.newcomers.refused, at(5));
    find_refused_resource_indicator(b.newcomers.refused.indicator_id);
    list_refused_resource_indicators(None, 100);
    delete_refused_resource_indicator(b.newcomers.refused.indicator_id);
    // consents
    insert_consent(&b.consent, at(5));
    list_consents(b.user_id(), b.client.key);
    hold_consents(b.user_id(), b.client.key);
    list_consents_of_user(b.user_id(), None, 100);
    delete_consents(b.user_id(), b.client.key);
    // decisions
    list_decisions_of_error(&b.decision.error_id);
    list_decisions(&DecisionFilter::default(), None, 100);
    delete_decisions_of_user(b.user_id());
    // device_authorizations
    insert_device_authorization(&device_of(b), at(5));
    find_device_authorization(b.devices.pending.pending_id);
    find_device_authorization_by_user_code(&[b.devices.pending.user_code], at(5));
    find_device_authorization_by_device_code(&[b.devices.pending.device_code]);
    set_device_poll(
        &DevicePoll {
            pending_id: b.devices.pending.pending_id,
            previous: None,
            interval: std::time::Duration::from_secs(10),
        },
        at(5));
    approve_device_authorization(b.devices.pending.pending_id, &grant_of(&b.devices.grant), at(5));
    deny_device_authorization(b.devices.pending.pending_id, at(5));
    redeem_device_authorization(b.devices.approved.pending_id, Some(&new_family()), at(5));
    redeem_device_authorization(b.devices.approved.pending_id, None, at(5));
    // due_work
    insert_due_work(DueWorkKind::Sweep, at(5), at(5));
    finish_due_work(DueWorkKind::Sweep);
    // grants
    find_grant(b.grant.grant_id);
    list_grants_of_user(b.user_id(), None, 100);
    list_grants_of_client(b.client.key, None, 100);
    list_grants_of_user_and_client(b.user_id(), b.client.key, None, 100);
    list_grants(None, 100);
    list_held_grants(b.user_id(), b.client.key, at(0), at(-900));
    revoke_grant(b.grant.grant_id, RevokedReason::Operator, at(5), at(900));
    revoke_grants_of_user(b.user_id(), RevokedReason::Operator, at(5), at(900));
    revoke_grants_of_consent(b.user_id(), b.client.key, at(5), at(900));
    find_grant_ending(b.revoked_grant);
    find_refresh_family_of_grant(b.grant.grant_id);
    // refresh_tokens
    find_refresh_family(b.family.family_id);
    rotate_refresh_token(
        &RefreshRotation {
            family_id: b.family.family_id,
            generation: 0,
            successor: digest(),
            sealed_successor: vec![1],
            idle_expires_at: at(9_000),
            rotated_from: None,
        },
        at(5));
    extend_refresh_family(b.family.family_id, 0, at(9_000));
    // resources and their credentials
    insert_resource(&b.resource, at(5));
    update_resource(&b.resource, at(5));
    find_resource(b.resource.resource_id);
    find_resource_for_update(b.resource.resource_id);
    list_resources(None, 100);
    insert_resource_credential(&NewResourceCredential { ..b.resource_credential.clone() }, at(5));
    find_resource_credential(&b.resource_credential.client_id);
    list_resource_credentials(b.resource.resource_id, None, 100);
    delete_resource_credential(b.resource.resource_id, b.resource_credential.credential_id);
    keep_resource_tools(&b.resource_tools);
    find_resource_tools(b.resource.resource_id);
    find_resource_by_identifier(b.resource.identifier());
    delete_resource(b.resource.resource_id);
    insert_ended_audience(&left_audience_of(b), at(5), at(900));
    list_ended_audiences(at(5), 100);
    // revocations
    list_revocations_of_tenant(at(5), 100);
    // revoked_access_tokens
    revoke_access_token(b.jti, at(5), at(900)) writes_its_own;
    is_access_token_revoked(b.jti, Some(b.revoked_grant));
    // signing_keys
    insert_signing_key(&b.signing_key, at(5));
    list_signing_keys();
    reseal_signing_key(&b.signing_key.kid, "kek-1", b"elsewhere", "kek-2");
    lock_signing_keys();
    schedule_signing_key(&b.next_signing_key.kid, at(7200));
    hand_over_signing_key(&b.signing_key.kid);
    retire_signing_key(&b.signing_key.kid, at(5));
    activate_signing_key(&b.next_signing_key.kid, at(5));
    delete_signing_key(&b.signing_key.kid);
    // signing_key_sightings
    insert_signing_key_sightings(&[b.sighting()]);
    list_signing_key_sightings();
    list_awaited_signing_keys();
    // sweeps
    sweep_expired(at(10_000_000_000), 1_000);
    sweep_grants(None, at(10_000_000_000), 1_000);
    delete_rows_of_deleted_tenant(1_000);
    // users
    insert_user(&b.user, at(5));
    find_user(b.user_id());
    find_user_for_update(b.user_id());
    find_user_by_username(&b.user.folded_username);
    find_login(&b.user.folded_username);
    list_users(None, 100);
    list_users_by_email(b.user.folded_email.as_deref().unwrap(), None, 100);
    list_users_of_group(&b.group.name, None, 100);
    list_taken_usernames(std::slice::from_ref(&b.user.folded_username));
    replace_password_hash(
        b.user_id(),
        b.user.password_hash.as_ref().unwrap(),
        &SecretText::from("another hash"));
    update_user(b.user_id(), &Things::user_update(), at(5));
    update_password(b.user_id(), &SecretText::from("another hash"), at(5));
    delete_user(b.user_id());
    // groups and who is in them
    insert_group(&b.group, at(5));
    find_group(&b.group.name);
    find_group_for_update(&b.group.name);
    list_groups(None, 100);
    count_groups(100);
    list_missing_groups(std::slice::from_ref(&b.group.name)) writes_its_own;
    update_group(&b.group.name, &Things::group_update(), at(5));
    insert_group_member(&b.group.name, b.user_id(), at(5));
    delete_group_member(&b.group.name, b.user_id());
    delete_group(&b.group.name);
    // tenant_quotas
    find_usage();
    delete_expired_browser_sessions(at(10_000_000_000), 1_000);
}
