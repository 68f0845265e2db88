//! Grants: made with their code, revoked with everything that descends from them.
//!
//! Each operation is one transaction: the row, what follows from it, and its audit event.
//!
//! To add one more way in: make a [`store::NewGrant`] as `issue_code` does. One more way out: a
//! reason in `store::RevokedReason`, and [`Authority::revoke_grant`].

mod consents;

use std::time::Duration;

use crypto::{RefreshToken, SecretKind, SecretToken};
use protocol::authorization::{AuthorizationCode, ConsentOutcome, PendingAuthorization};
use protocol::client::UsedTolerances;
use protocol::ids::{GrantId, SessionId, UserId};
use protocol::openid::PASSWORD_ACR;
use protocol::redirect_uri::VerifiedRedirectUri;
use protocol::revocation::{RevocationDecision, decide_access_token, decide_refresh_token};
use protocol::token::access_token::MAX_LIFETIME;
use protocol::{ScopeSet, Timestamp};
use store::{NewAuthorizationCode, NewGrant, RevokedReason, StoreError, Tenant, TenantScope};

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType, Origin};
use crate::client_documents::{DocumentInForce, DocumentToStore, StoreDocumentError};
use crate::digests;
use crate::directory::KnownClient;
use crate::verify::VerifyError;

/// What is revoked is remembered for this much longer than a token lives: as much as a verifier's leeway
/// may be (`crypto::jwt::MAX_LEEWAY`), and far more than replicas' clocks may differ by.
pub(crate) const EXPIRY_MARGIN: Duration = Duration::from_mins(1);

/// When no access token that is out by `now` can be valid any more.
pub fn last_token_ends(now: Timestamp) -> Timestamp {
    now + MAX_LIFETIME + EXPIRY_MARGIN
}

/// What a person allowed, with everything checked again.
pub struct ApprovedAuthorization<'a> {
    pub pending: &'a PendingAuthorization,
    pub client: &'a KnownClient,
    /// Where the client came by one.
    pub document: Option<&'a DocumentInForce>,
    pub redirect_uri: &'a VerifiedRedirectUri,
    pub user_id: UserId,
    pub authenticated_at: Timestamp,
    pub session_id: SessionId,
    pub scopes: ScopeSet,
    /// Whether the same need not be asked again.
    pub is_remembered: bool,
    pub origin: Origin,
}

impl ApprovedAuthorization<'_> {
    /// The person was asked, instead of remembered.
    const fn was_asked(&self) -> bool {
        matches!(self.pending.outcome, Some(ConsentOutcome::Allowed { .. }))
    }

    fn to_store(&self) -> DocumentToStore<'_> {
        DocumentToStore {
            client: self.client,
            document: self.document,
            origin: self.origin.clone(),
        }
    }
}

/// Why what a person allowed makes no grant, by a code or for a device.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// Sent twice, or answered in two windows: one pending authorization, one code.
    #[error("the pending authorization was answered before")]
    AlreadyUsed,
    /// By an operator, since the step that led here began.
    #[error("the client was deleted meanwhile")]
    ClientGone,
    #[error("the resource was deleted meanwhile")]
    ResourceGone,
    /// By signing out, or by an operator, since the step that led here began.
    #[error("the browser session has ended meanwhile")]
    SessionEnded,
    /// It was remembered, and would have spared the question.
    #[error("the consent was withdrawn meanwhile")]
    ConsentWithdrawn,
    #[error(
        "the tenant holds as many clients with a metadata document as it may; its administrator can remove some or allow more"
    )]
    TooManyClients,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<StoreDocumentError> for GrantError {
    fn from(error: StoreDocumentError) -> Self {
        match error {
            StoreDocumentError::TooManyClients => Self::TooManyClients,
            StoreDocumentError::Store(error) => Self::Store(error),
        }
    }
}

const ANSWERED_ONCE: &str = "authorization_codes_pending_is_answered_once";
const CLIENT_IS_THERE: &str = "grants_tenant_id_client_key_fkey";

impl Authority {
    /// Grant, code and audit event, and the consent where it is remembered, in one transaction. What it hangs on,
    /// the session and a consent that was remembered, cannot end beside it: their end comes before, and there is
    /// no code, or after, and finds the grant.
    pub async fn issue_code(
        &self,
        tenant: &Tenant,
        approved: ApprovedAuthorization<'_>,
    ) -> Result<SecretToken, GrantError> {
        let now = self.now();
        let secret = SecretToken::generate(SecretKind::AuthorizationCode, self.random());
        let code = self.new_code(&approved, &secret, now)?;
        let mut scope = self.database().tenant(tenant).await?;
        if !scope.hold_browser_session(approved.session_id).await? {
            return Err(GrantError::SessionEnded);
        }
        let client_key = self
            .store_document_in(&mut scope, tenant, &approved.to_store())
            .await?;
        let grant = NewGrant {
            grant_id: GrantId::generate(self.random(), now),
            user_id: approved.user_id,
            client_key,
            scopes: approved.scopes.clone(),
            refused_scopes: approved.pending.refused_scopes.clone(),
            resource_ids: approved.pending.resources.clone(),
            authenticated_at: approved.authenticated_at,
            client_auth_method: approved.client.auth_method,
            session_id: Some(approved.session_id),
            // The one way to sign in.
            acr: Some(PASSWORD_ACR.to_owned()),
        };
        let tolerances: UsedTolerances = code.proof.tolerance().into_iter().collect();
        let event = issued_event(&approved, &grant, now).tolerances(&tolerances);
        scope
            .insert_grant_with_code(&grant, &code, now)
            .await
            .map_err(|error| match error.conflict() {
                Some(ANSWERED_ONCE) => GrantError::AlreadyUsed,
                Some(CLIENT_IS_THERE) => GrantError::ClientGone,
                _ => error.into(),
            })?;
        if approved.is_remembered {
            consents::remember(&mut scope, &approved, client_key, now).await?;
        }
        if !approved.was_asked() && !consents::hold(&mut scope, &approved, client_key).await? {
            return Err(GrantError::ConsentWithdrawn);
        }
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await?;
        scope.commit().await?;
        if let Some(document) = approved.document {
            document.was_stored();
        }
        self.count_code(&approved);
        self.count_tolerances(&tolerances);
        Ok(secret)
    }

    fn new_code(
        &self,
        approved: &ApprovedAuthorization<'_>,
        secret: &SecretToken,
        now: Timestamp,
    ) -> Result<NewAuthorizationCode, StoreError> {
        // Only a refused request has none, and no code can come of it.
        let proof = approved.pending.proof.clone().ok_or_else(|| {
            StoreError::Internal("a pending authorization without a proof".to_owned())
        })?;
        Ok(NewAuthorizationCode {
            digest: digests::to_store(&self.peppers().digest(secret)),
            pending_id: approved.pending.pending_id,
            redirect_uri: approved.redirect_uri.as_str().to_owned(),
            redirect_uri_was_sent: approved.redirect_uri.was_sent(),
            proof,
            nonce: approved.pending.nonce.clone(),
            dpop_jkt: approved.pending.dpop_jkt.clone(),
            expires_at: now + AuthorizationCode::DEFAULT_LIFETIME,
        })
    }

    fn count_code(&self, approved: &ApprovedAuthorization<'_>) {
        let consent = if approved.was_asked() {
            "granted"
        } else {
            "remembered"
        };
        self.metrics().consents.with_label_values(&[consent]).inc();
        self.metrics()
            .authorizations
            .with_label_values(&["code_issued"])
            .inc();
    }

    /// Whether it was live. Its refresh token and access tokens are dead when this returns.
    pub async fn revoke_grant(
        &self,
        tenant: &Tenant,
        grant_id: GrantId,
        reason: RevokedReason,
        actor: Actor,
    ) -> Result<bool, StoreError> {
        let mut scope = self.database().tenant(tenant).await?;
        let event_type = EventType::GrantRevoked;
        let was_live = self
            .revoke_in(&mut scope, grant_id, reason, event_type, actor)
            .await?;
        scope.commit().await?;
        Ok(was_live)
    }

    /// In a transaction of the caller's; the event only if something was revoked.
    pub(crate) async fn revoke_in(
        &self,
        scope: &mut TenantScope,
        grant_id: GrantId,
        reason: RevokedReason,
        event_type: EventType,
        actor: Actor,
    ) -> Result<bool, StoreError> {
        let event = AuditEvent::new(event_type, actor, self.now());
        self.revoke_recording(scope, grant_id, reason, event).await
    }

    /// The same, with an event that says more; grant and reason are added to it.
    pub(crate) async fn revoke_recording(
        &self,
        scope: &mut TenantScope,
        grant_id: GrantId,
        reason: RevokedReason,
        event: AuditEvent,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let was_live = scope
            .revoke_grant(grant_id, reason, now, last_token_ends(now))
            .await?;
        if was_live {
            let event = event
                .at("grant", grant_id)
                .detail("reason", reason.as_str());
            scope
                .insert_audit_event(&event.into_row(self.random()))
                .await?;
        }
        Ok(was_live)
    }

    /// RFC 7009: rows I1 to I4. What is unknown or another client's is left alone, without a word.
    pub async fn revoke_token(
        &self,
        tenant: &Tenant,
        client: &KnownClient,
        token: &str,
    ) -> Result<(), StoreError> {
        let decision = if RefreshToken::has_prefix(token) {
            self.decide_revocation_of_refresh_token(tenant, client, token)
                .await?
        } else {
            self.decide_revocation_of_access_token(tenant, client, token)
                .await?
        };
        let kind = match &decision {
            RevocationDecision::RevokeGrant(_) => "grant",
            RevocationDecision::RevokeAccessToken { .. } => "access_token",
            RevocationDecision::Nothing => "unknown",
        };
        self.metrics().revocations.with_label_values(&[kind]).inc();
        let actor = Actor::Client(client.client_id.clone());
        match decision {
            RevocationDecision::Nothing => Ok(()),
            RevocationDecision::RevokeGrant(grant_id) => {
                self.revoke_grant(tenant, grant_id, RevokedReason::Revocation, actor)
                    .await?;
                Ok(())
            }
            RevocationDecision::RevokeAccessToken { jti, expires_at } => {
                self.revoke_access_token(tenant, &jti, expires_at, actor)
                    .await
            }
        }
    }

    async fn decide_revocation_of_refresh_token(
        &self,
        tenant: &Tenant,
        client: &KnownClient,
        token: &str,
    ) -> Result<RevocationDecision, StoreError> {
        // The MAC says that it is, or was, this family's; a spent one revokes as well.
        let Ok(token) = self.peppers().parse_refresh_token(tenant.id(), token) else {
            return Ok(RevocationDecision::Nothing);
        };
        let mut scope = self.database().tenant(tenant).await?;
        let found = scope.find_refresh_family(token.family_id()).await?;
        scope.commit().await?;
        Ok(found.map_or(RevocationDecision::Nothing, |record| {
            decide_refresh_token(client.key, record.family.client_key, record.family.grant_id)
        }))
    }

    async fn decide_revocation_of_access_token(
        &self,
        tenant: &Tenant,
        client: &KnownClient,
        token: &str,
    ) -> Result<RevocationDecision, StoreError> {
        let keys = self.key_ring().find_keys(tenant).await?;
        match self.check_signature(tenant, &keys, token) {
            Ok(verified) if verified.claims.is_expired(self.now()) => {
                Ok(RevocationDecision::Nothing)
            }
            Ok(verified) => Ok(decide_access_token(&client.client_id, &verified.claims)),
            Err(VerifyError::Store(error)) => Err(error),
            Err(_) => Ok(RevocationDecision::Nothing),
        }
    }

    async fn revoke_access_token(
        &self,
        tenant: &Tenant,
        jti: &str,
        expires_at: Timestamp,
        actor: Actor,
    ) -> Result<(), StoreError> {
        let Ok(token_id) = jti.parse() else {
            return Ok(());
        };
        let now = self.now();
        let event =
            AuditEvent::new(EventType::AccessTokenRevoked, actor, now).at("access_token", jti);
        let mut scope = self.database().tenant(tenant).await?;
        if scope
            .revoke_access_token(token_id, now, expires_at + EXPIRY_MARGIN)
            .await?
        {
            scope
                .insert_audit_event(&event.into_row(self.random()))
                .await?;
        }
        scope.commit().await
    }
}

fn issued_event(
    approved: &ApprovedAuthorization<'_>,
    grant: &NewGrant,
    now: Timestamp,
) -> AuditEvent {
    let event_type = if approved.was_asked() {
        EventType::ConsentGranted
    } else {
        EventType::CodeIssued
    };
    let resources: Vec<String> = grant.resource_ids.iter().map(ToString::to_string).collect();
    AuditEvent::new(event_type, Actor::User(approved.user_id), now)
        .at("grant", grant.grant_id)
        .origin(&approved.origin)
        .detail("client_id", &approved.client.client_id)
        .detail("redirect_uri", approved.redirect_uri.as_str())
        .detail("scope", &approved.scopes)
        .detail("resources", resources.join(" "))
}
