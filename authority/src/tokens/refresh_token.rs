//! `grant_type=refresh_token` (OAuth 2.1 §4.3): rotation that an honest retry survives.

use crypto::{RefreshToken, successor};
use protocol::client::GrantType;
use protocol::token::refresh_token::{
    DigestMatch, PresentedRefreshToken, RefreshTerms, decide, next_idle_expiry,
};
use protocol::token::request::{RefreshRequest, TokenRequestError};
use protocol::token::{RefreshDecision, RefreshError, TokenResponse};
use protocol::{SecretText, Timestamp};
use store::{RefreshFamilyRecord, RefreshRotation, StoreError, Tenant, TenantScope};

use super::refresh_events::Attempt;
use super::{
    ATTEMPTS, AskedOfGrant, Ground, TokenError, give_way, standing_after_password_change,
    too_many_attempts,
};
use crate::Authority;
use crate::client_authentication::AuthenticatedClient;
use crate::digests;

impl Authority {
    /// Rows F1 to F10. Of concurrent refreshes with one token all get the same successor.
    pub async fn refresh(
        &self,
        tenant: &Tenant,
        client: &AuthenticatedClient,
        request: &RefreshRequest,
    ) -> Result<TokenResponse, TokenError> {
        let outcome = self.try_refresh(tenant, client, request).await;
        self.count_store_error(outcome)
    }

    async fn try_refresh(
        &self,
        tenant: &Tenant,
        client: &AuthenticatedClient,
        request: &RefreshRequest,
    ) -> Result<TokenResponse, TokenError> {
        if !client.may_use(GrantType::RefreshToken) {
            return Err(TokenRequestError::GrantNotRegistered.into());
        }
        // Row F10: what we never made is refused without a query.
        let token = self
            .peppers()
            .parse_refresh_token(tenant.id(), request.refresh_token.expose())
            .map_err(|_| RefreshError::Unknown)?;
        let ground = self.ground(tenant, client).await?;
        for _ in 0..ATTEMPTS {
            let mut scope = self.database().tenant(tenant).await?;
            let found = scope.find_refresh_family(token.family_id()).await?;
            let record = found.ok_or(RefreshError::Unknown)?;
            ground.check_method(&record.grant)?;
            let decision = self.decide_refresh(&ground, &token, &record);
            let attempt = Attempt {
                token: &token,
                record: &record,
                decision,
            };
            let step = match decision {
                RefreshDecision::Dead(error) => {
                    self.record_refused_refresh(&ground, attempt, error);
                    return Err(error.into());
                }
                RefreshDecision::Reuse(grant_id) => {
                    self.punish_reuse(scope, &ground, attempt, grant_id).await?;
                    return Err(RefreshError::Reused.into());
                }
                step => step,
            };
            // Row F3: scope and resource come last, and fail before anything changes.
            let person = self.find_person_of(&mut scope, &record.grant).await?;
            let asked = AskedOfGrant {
                grant: &record.grant,
                person: &person,
                grant_type: GrantType::RefreshToken,
                resources: &request.resources,
                scopes: request.scopes.as_ref(),
                nonce: None,
                redirect_uri: None,
            };
            // The policies may refuse it: the family stays, and is asked for again another day.
            let issued = self.issue_of_grant(&ground, &asked)?;
            self.spend_proof(&mut scope, &ground).await?;
            let written = self
                .write_step(&mut scope, &ground, &token, &record, step)
                .await?;
            if let Some(successor) = written {
                scope.commit().await?;
                self.record_refresh(&ground, attempt, &issued);
                return Ok(issued.into_response(successor.as_ref()));
            }
            give_way(scope).await?;
        }
        Err(too_many_attempts().into())
    }

    fn decide_refresh(
        &self,
        ground: &Ground<'_>,
        token: &RefreshToken,
        record: &RefreshFamilyRecord,
    ) -> RefreshDecision {
        let has = |stored| self.peppers().verify(token, &digests::from_stored(stored));
        let digest = if has(&record.current) {
            DigestMatch::Current
        } else if record.previous.as_ref().is_some_and(has) {
            DigestMatch::Previous
        } else {
            DigestMatch::Neither
        };
        let presented = PresentedRefreshToken {
            family_id: token.family_id(),
            generation: token.generation(),
            digest,
        };
        let terms = RefreshTerms {
            client_key: ground.client.key,
            dpop_key: ground.dpop_key,
            standing: standing_after_password_change(
                record.standing,
                record.grant.authenticated_at,
                record.user_password_changed_at,
            ),
            security_epoch: record.security_epoch,
            grace_window: ground.tenant.settings().refresh_grace_window,
            // Public clients must (OAuth 2.1 §4.3.1); what a confidential one has is of no use to a thief.
            is_rotating: !ground.client.is_confidential()
                || ground.tenant.settings().rotates_confidential_refresh_tokens,
        };
        decide(&record.family, presented, &terms, ground.now)
    }

    /// The one guarded write. `None`: somebody else was faster. The inner value is the refresh
    /// token to answer with.
    async fn write_step(
        &self,
        scope: &mut TenantScope,
        ground: &Ground<'_>,
        token: &RefreshToken,
        record: &RefreshFamilyRecord,
        step: RefreshDecision,
    ) -> Result<Option<Option<SecretText>>, StoreError> {
        let idle_expires_at = idle_expiry(ground, record, ground.now);
        match step {
            RefreshDecision::Rotate => {
                let (rotation, successor) = self.new_rotation(ground, token, idle_expires_at);
                let is_rotated = scope.rotate_refresh_token(&rotation, ground.now).await?;
                Ok(is_rotated.then_some(Some(successor)))
            }
            RefreshDecision::Keep => {
                let (family_id, generation) = (token.family_id(), token.generation());
                let is_kept = scope
                    .extend_refresh_family(family_id, generation, idle_expires_at)
                    .await?;
                Ok(is_kept.then_some(None))
            }
            RefreshDecision::SameSuccessor => self
                .open_successor(ground, token, record)
                .map(|same| Some(Some(same))),
            RefreshDecision::Reuse(_) | RefreshDecision::Dead(_) => Ok(None),
        }
    }

    fn new_rotation(
        &self,
        ground: &Ground<'_>,
        token: &RefreshToken,
        idle_expires_at: Timestamp,
    ) -> (RefreshRotation, SecretText) {
        let tenant_id = ground.tenant.id();
        let (family_id, generation) = (token.family_id(), token.generation());
        let next = generation.saturating_add(1);
        let successor =
            self.peppers()
                .issue_refresh_token(tenant_id, family_id, next, self.random());
        let rotation = RefreshRotation {
            family_id,
            generation,
            successor: digests::to_store(&self.peppers().digest(&successor)),
            sealed_successor: successor::seal(tenant_id, token, &successor),
            idle_expires_at,
            rotated_from: ground.origin.address,
        };
        (rotation, successor.expose().into())
    }

    fn open_successor(
        &self,
        ground: &Ground<'_>,
        token: &RefreshToken,
        record: &RefreshFamilyRecord,
    ) -> Result<SecretText, StoreError> {
        let sealed = record.sealed_successor.as_deref().unwrap_or_default();
        let opened = successor::open(self.peppers(), ground.tenant.id(), token, sealed)
            .map_err(|_| StoreError::Corrupt("a sealed successor".to_owned()))?;
        Ok(opened.expose().into())
    }
}

fn idle_expiry(ground: &Ground<'_>, record: &RefreshFamilyRecord, now: Timestamp) -> Timestamp {
    next_idle_expiry(
        ground.refresh_idle_lifetime(),
        record.family.absolute_expires_at,
        now,
    )
}
