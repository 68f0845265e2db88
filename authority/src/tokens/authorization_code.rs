//! `grant_type=authorization_code` (OAuth 2.1 §4.1.3).

use crypto::{SecretKind, SecretToken};
use protocol::SecretText;
use protocol::authorization::{RedeemError, Redemption};
use protocol::client::GrantType;
use protocol::ids::{FamilyId, GrantId};
use protocol::redirect_uri::RedirectUri;
use protocol::token::TokenResponse;
use protocol::token::refresh_token::next_idle_expiry;
use protocol::token::request::{AuthorizationCodeRequest, TokenRequestError};
use protocol::token::reuse::ReuseClass;
use store::{AuthorizationCodeRecord, NewRefreshFamily, RevokedReason, Tenant, TenantScope};

use super::{
    ATTEMPTS, AskedOfGrant, Ground, TokenError, give_way, standing_after_password_change,
    too_many_attempts,
};
use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType};
use crate::client_authentication::AuthenticatedClient;
use crate::digests;
use crate::policy;

impl Authority {
    /// Rows C4 and D1 to D8. Of concurrent redemptions one succeeds; the others are replays, and
    /// what the first one got is revoked before they are answered.
    pub async fn redeem_code(
        &self,
        tenant: &Tenant,
        client: &AuthenticatedClient,
        request: &AuthorizationCodeRequest,
    ) -> Result<TokenResponse, TokenError> {
        let outcome = self.try_redeem_code(tenant, client, request).await;
        self.count_store_error(outcome)
    }

    async fn try_redeem_code(
        &self,
        tenant: &Tenant,
        client: &AuthenticatedClient,
        request: &AuthorizationCodeRequest,
    ) -> Result<TokenResponse, TokenError> {
        if !client.may_use(GrantType::AuthorizationCode) {
            return Err(TokenRequestError::GrantNotRegistered.into());
        }
        let code = SecretToken::parse(SecretKind::AuthorizationCode, request.code.expose())
            .map_err(|_| RedeemError::Unknown)?;
        let digests = digests::for_look_up(self.peppers(), &code);
        let ground = self.ground(tenant, client).await?;
        for _ in 0..ATTEMPTS {
            let mut scope = self.database().tenant(tenant).await?;
            let found = scope.find_authorization_code(&digests).await?;
            let record = found.ok_or(RedeemError::Unknown)?;
            ground.check_method(&record.grant)?;
            if let Err(error) = decide(&ground, request, &record) {
                if let Some(grant_id) = error.grant_to_revoke() {
                    self.punish_replay(scope, &ground, grant_id).await?;
                }
                return Err(error.into());
            }
            // Row D8: a bad resource, or a key that cannot sign, fails before the code is spent.
            let person = self.find_person_of(&mut scope, &record.grant).await?;
            let redirect_uri = RedirectUri::from_stored(record.code.redirect_uri.as_str());
            let asked = AskedOfGrant {
                grant: &record.grant,
                person: &person,
                grant_type: GrantType::AuthorizationCode,
                resources: &request.resources,
                scopes: None,
                nonce: record.code.nonce.as_deref(),
                redirect_uri: Some(&redirect_uri),
            };
            let issued = self.issue_of_grant(&ground, &asked)?;
            let (family, refresh_token) = self.new_family(&ground).unzip();
            self.spend_proof(&mut scope, &ground).await?;
            if scope
                .redeem_authorization_code(&record.digest, family.as_ref(), ground.now)
                .await?
            {
                scope.commit().await?;
                let grant_id = Some(record.grant.grant_id);
                let grant_type = GrantType::AuthorizationCode;
                self.record_issued(
                    &ground,
                    grant_type,
                    EventType::CodeRedeemed,
                    grant_id,
                    &issued,
                );
                return Ok(issued.into_response(refresh_token.as_ref()));
            }
            give_way(scope).await?;
        }
        Err(too_many_attempts().into())
    }

    /// A refresh token for every client that may use one.
    pub(super) fn new_family(&self, ground: &Ground<'_>) -> Option<(NewRefreshFamily, SecretText)> {
        if !ground.client.may_use(GrantType::RefreshToken) {
            return None;
        }
        let (tenant, now) = (ground.tenant, ground.now);
        let family_id = FamilyId::generate(self.random(), now);
        let token = self
            .peppers()
            .issue_refresh_token(tenant.id(), family_id, 0, self.random());
        let absolute_expires_at = now + ground.refresh_absolute_lifetime();
        let family = NewRefreshFamily {
            family_id,
            digest: digests::to_store(&self.peppers().digest(&token)),
            idle_expires_at: next_idle_expiry(
                ground.refresh_idle_lifetime(),
                absolute_expires_at,
                now,
            ),
            absolute_expires_at,
            // RFC 9449 §5: of a public client, whose refresh token nothing else guards.
            dpop_jkt: ground
                .dpop_key
                .filter(|_| !ground.client.is_confidential())
                .cloned(),
        };
        Some((family, token.expose().into()))
    }

    /// Row D1: the rightful client showed the code twice, so it leaked. Committed before the answer.
    async fn punish_replay(
        &self,
        mut scope: TenantScope,
        ground: &Ground<'_>,
        grant_id: GrantId,
    ) -> Result<(), TokenError> {
        self.metrics().reuses.with_label_values(&["code"]).inc();
        let actor = Actor::Client(ground.client.client_id.clone());
        let event = AuditEvent::new(EventType::CodeReused, actor, ground.now)
            .origin(ground.origin)
            .detail("class", ReuseClass::TheftSuspected.as_str());
        self.revoke_recording(&mut scope, grant_id, RevokedReason::CodeReuse, event)
            .await?;
        scope.commit().await?;
        Ok(())
    }
}

fn decide(
    ground: &Ground<'_>,
    request: &AuthorizationCodeRequest,
    record: &AuthorizationCodeRecord,
) -> Result<GrantId, RedeemError> {
    let redemption = Redemption {
        client_key: ground.client.key,
        redirect_uri: request.redirect_uri.as_deref(),
        code_verifier: request.code_verifier.as_ref(),
        dpop_key: ground.dpop_key,
        // Asked again: the switch may have been turned since the code was issued.
        may_prove_by_authentication: ground.client.is_confidential()
            && policy::tolerates_missing_challenge(ground.tenant),
        standing: standing_after_password_change(
            record.standing,
            record.grant.authenticated_at,
            record.user_password_changed_at,
        ),
    };
    record.code.redeem(&redemption, ground.now)
}
