//! One line per public method of a tenant's scope: what A does with B's things.

use std::pin::Pin;

use protocol::client::ClientOrigin;
use protocol::{SecretText, SessionId};

use crate::tenant_scope::TenantScope;
use crate::tests::support::{
    Things, USED_JTI, at, client_secret_of, device_of, digest, dpop_key, grant_of, new_family,
};
use crate::{
    DeletedClient, DevicePoll, DueWorkKind, GrantSweep, NewBrowserSession, NewClientSecret,
    NewResourceCredential, RefreshRotation, RevokedReason, StoreError, SweepReport,
    TokenReuseFilter,
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

fn deleted_of(b: &Things) -> DeletedClient {
    DeletedClient {
        client_id: b.client.client_id.to_string(),
        may_have_tokens: true,
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
    // audit_events
    insert_audit_event(&b.event);
    list_audit_events(None, 100);
    list_audit_events_of_type(&b.event.event_type, None, 100);
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
    renew_browser_session(&NewBrowserSession { digest: digest(), ..b.session.clone() });
    // logout_notices
    insert_logout_notices(b.grant.session_id.as_slice(), at(5));
    claim_logout_notices(at(5), at(900), 100);
    delete_logout_notice(session_of(b), b.client.key);
    postpone_logout_notice(session_of(b), b.client.key, at(900));
    plan_logout_notices(at(5));
    // clients and their secrets
    insert_client(&b.client, Some(&b.client_secret), at(5));
    update_client(&b.client, at(5));
    find_client(&b.client.client_id);
    find_client_for_update(&b.client.client_id);
    find_client_by_key(b.client.key);
    list_clients(None, 100);
    list_clients_of_origin(ClientOrigin::Document, None, 100);
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
    insert_initial_access_token(&b.newcomers.initial_access_token, at(5));
    find_initial_access_token(b.newcomers.initial_access_token.token_id);
    list_initial_access_tokens(None, 100);
    use_initial_access_token(&[b.newcomers.initial_access_token.digest], at(5));
    revoke_initial_access_token(b.newcomers.initial_access_token.token_id, at(5));
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
    delete_resource(b.resource.resource_id);
    insert_ended_audience(&b.resource.audience, at(5), at(900));
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
    list_users(None, 100);
    update_user(b.user_id(), &Things::user_update(), at(5));
    update_password(b.user_id(), &SecretText::from("another hash"), at(5));
    delete_user(b.user_id());
}
