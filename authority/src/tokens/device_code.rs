//! `grant_type=urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4, §3.5).

use std::time::Duration;

use crypto::{SecretKind, SecretToken};
use protocol::Timestamp;
use protocol::client::GrantType;
use protocol::device::{self, DeviceCodeError, Polled};
use protocol::ids::GrantId;
use protocol::token::request::DeviceCodeRequest;
use protocol::token::reuse::ReuseClass;
use protocol::token::{Standing, TokenResponse};
use store::{
    DeviceAuthorizationRecord, DevicePoll, Grant, RevokedReason, StoreError, Tenant, TenantScope,
};

use super::{
    ATTEMPTS, AskedOfGrant, Ground, Issued, TokenError, give_way, standing_after_password_change,
    too_many_attempts,
};
use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType};
use crate::client_authentication::AuthenticatedClient;
use crate::digests;

impl Authority {
    /// A device asks for its tokens, again and again until a person has decided. Of concurrent redemptions one
    /// succeeds; the others are replays, and what the first one got is revoked before they are answered.
    pub async fn redeem_device_code(
        &self,
        tenant: &Tenant,
        client: &AuthenticatedClient,
        request: &DeviceCodeRequest,
    ) -> Result<TokenResponse, TokenError> {
        let outcome = self.try_redeem_device_code(tenant, client, request).await;
        self.count_store_error(outcome)
    }

    async fn try_redeem_device_code(
        &self,
        tenant: &Tenant,
        client: &AuthenticatedClient,
        request: &DeviceCodeRequest,
    ) -> Result<TokenResponse, TokenError> {
        device::request::check_client(client, tenant.settings().device_authorization)?;
        // Row F10: what we never made is refused without a query.
        let code = SecretToken::parse(SecretKind::DeviceCode, request.device_code.expose())
            .map_err(|_| DeviceCodeError::Unknown)?;
        let digests = digests::for_look_up(self.peppers(), &code);
        let ground = self.ground(tenant, client).await?;
        for _ in 0..ATTEMPTS {
            let mut scope = self.database().tenant(tenant).await?;
            let found = scope
                .find_device_authorization_by_device_code(&digests)
                .await?;
            let record = found.ok_or(DeviceCodeError::Unknown)?;
            let (grant, standing) = find_granted(&mut scope, &record).await?;
            if let Some(grant) = &grant {
                ground.check_method(grant)?;
            }
            match (record.device.poll(client.key, standing, ground.now), grant) {
                (Err(error), _) => {
                    if let Some(grant_id) = error.grant_to_revoke() {
                        self.punish_device_replay(scope, &ground, grant_id).await?;
                    }
                    return Err(error.into());
                }
                (Ok(Polled::Approved(_)), None) => return Err(DeviceCodeError::GrantRevoked.into()),
                (Ok(Polled::Approved(_)), Some(grant)) => {
                    // A bad resource, or a key that cannot sign, fails before the code is spent.
                    let issued = self
                        .issue_for_device(&mut scope, &ground, &grant, &request.resources)
                        .await?;
                    self.spend_proof(&mut scope, &ground).await?;
                    let (family, refresh_token) = self.new_family(&ground).unzip();
                    let (pending_id, now) = (record.pending_id, ground.now);
                    let family = family.as_ref();
                    if scope
                        .redeem_device_authorization(pending_id, family, now)
                        .await?
                    {
                        scope.commit().await?;
                        self.record_device(&ground, &grant, &issued);
                        return Ok(issued.into_response(refresh_token.as_ref()));
                    }
                }
                (
                    Ok(Polled::Wait {
                        is_too_soon,
                        interval,
                    }),
                    _,
                ) => {
                    if keep_poll(&mut scope, &record, interval, ground.now).await? {
                        scope.commit().await?;
                        return Err(waiting(is_too_soon).into());
                    }
                }
            }
            give_way(scope).await?;
        }
        Err(too_many_attempts().into())
    }

    async fn issue_for_device(
        &self,
        scope: &mut TenantScope,
        ground: &Ground<'_>,
        grant: &Grant,
        resources: &[String],
    ) -> Result<Issued, TokenError> {
        let person = self.find_person_of(scope, grant).await?;
        let asked = AskedOfGrant {
            grant,
            person: &person,
            grant_type: GrantType::DeviceCode,
            resources,
            scopes: None,
            nonce: None,
            redirect_uri: None,
        };
        self.issue_of_grant(ground, &asked)
    }

    fn record_device(&self, ground: &Ground<'_>, grant: &Grant, issued: &Issued) {
        let (grant_type, event_type) = (GrantType::DeviceCode, EventType::DeviceCodeRedeemed);
        let grant_id = Some(grant.grant_id);
        self.record_issued(ground, grant_type, event_type, grant_id, issued);
    }

    /// The rightful client showed the code twice, so it leaked. Committed before the answer.
    async fn punish_device_replay(
        &self,
        mut scope: TenantScope,
        ground: &Ground<'_>,
        grant_id: GrantId,
    ) -> Result<(), TokenError> {
        let reuses = &self.metrics().reuses;
        reuses.with_label_values(&["device_code"]).inc();
        let actor = Actor::Client(ground.client.client_id.clone());
        let event = AuditEvent::new(EventType::CodeReused, actor, ground.now)
            .origin(ground.origin)
            .detail("kind", "device_code")
            .detail("class", ReuseClass::TheftSuspected.as_str());
        self.revoke_recording(&mut scope, grant_id, RevokedReason::DeviceCodeReuse, event)
            .await?;
        scope.commit().await?;
        Ok(())
    }
}

/// When it was asked, and how long to wait from now on. False: the device asked twice at once.
async fn keep_poll(
    scope: &mut TenantScope,
    record: &DeviceAuthorizationRecord,
    interval: Duration,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let poll = DevicePoll {
        pending_id: record.pending_id,
        previous: record.device.last_polled_at,
        interval,
    };
    scope.set_device_poll(&poll, now).await
}

const fn waiting(is_too_soon: bool) -> DeviceCodeError {
    if is_too_soon {
        DeviceCodeError::SlowDown
    } else {
        DeviceCodeError::Pending
    }
}

/// The grant, once a person has decided, and how everybody stands whom it concerns.
async fn find_granted(
    scope: &mut TenantScope,
    record: &DeviceAuthorizationRecord,
) -> Result<(Option<Grant>, Standing), StoreError> {
    let standing = Standing {
        is_client_enabled: record.is_client_enabled,
        ..Standing::GOOD
    };
    let Some(grant_id) = record.device.state.grant_id() else {
        return Ok((None, standing));
    };
    let Some(grant) = scope.find_grant(grant_id).await? else {
        return Ok((None, standing));
    };
    let found = scope.find_user(grant.user_id).await?;
    let user = found.map(|record| record.user);
    let standing = Standing {
        is_user_enabled: user.as_ref().is_some_and(|user| user.is_enabled),
        is_grant_live: grant.revoked_at.is_none(),
        ..standing
    };
    let password_changed_at = user.and_then(|user| user.password_changed_at);
    let authenticated_at = grant.authenticated_at;
    let standing = standing_after_password_change(standing, authenticated_at, password_changed_at);
    Ok((Some(grant), standing))
}
