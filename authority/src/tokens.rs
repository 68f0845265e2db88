//! The grants of the token endpoint: read → decide (`protocol`) → one guarded write; where that
//! touched no row, read and decide again in a new transaction. Everything of one answer is one
//! transaction.
//!
//! What an operation needs of the caches is fetched before its transaction begins: nobody waits
//! for a second connection while holding one.
//!
//! To add one more grant type: its rule in `protocol::token`, a file here, an arm in the server.

mod authorization_code;
mod client_credentials;
mod device_code;
mod id_token;
mod refresh_events;
mod refresh_token;

use std::sync::Arc;
use std::time::Duration;

use protocol::authorization::RedeemError;
use protocol::client::authentication::ClientAuthenticationError;
use protocol::client::{GrantType, UsedTolerances};
use protocol::device::{DeviceCodeError, DeviceRequestError};
use protocol::dpop::DpopError;
use protocol::error_code::{ErrorCode, ProtocolError};
use protocol::ids::{GrantId, ResourceId, Subject};
use protocol::metadata::USERINFO_ENDPOINT;
use protocol::redirect_uri::RedirectUri;
use protocol::resource::{ResourceChoice, Resources, Target, TargetError};
use protocol::scope::{self, ScopeError, ScopeSet};
use protocol::token::client_credentials::ClientCredentialsError;
use protocol::token::request::TokenRequestError;
use protocol::token::{RefreshError, Standing, TokenResponse, TokenType};
use protocol::{JwkThumbprint, SecretText, Timestamp};
use store::{Grant, StoreError, Tenant, TenantScope};

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType, Origin};
use crate::client_authentication::AuthenticatedClient;
use crate::decisions::{IssueQuestion, PolicyRefusal};
use crate::directory::{KnownClient, KnownPerson, PoliciesInForce};
use crate::dpop::UnspentProof;
use crate::issue::{AccessTokenOrder, IssueError, IssuedAccessToken, sign_access_token};
use crate::key_ring::TenantKeys;
use crate::policy::{self, DocumentRefusal};

pub(crate) use refresh_events::ToldRefusals;

/// How often a decision is made anew after somebody else was faster. What stood against the write has
/// committed by then, so the second reading sees it, and more than two are a fault.
const ATTEMPTS: u32 = 3;

/// Why there are no tokens. Logs keep the variant; a client sees its code and sentence.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error(transparent)]
    Request(#[from] TokenRequestError),
    #[error(transparent)]
    Client(#[from] ClientAuthenticationError),
    #[error(transparent)]
    Redeem(#[from] RedeemError),
    #[error(transparent)]
    Refresh(#[from] RefreshError),
    #[error(transparent)]
    ClientCredentials(#[from] ClientCredentialsError),
    #[error(transparent)]
    DeviceCode(#[from] DeviceCodeError),
    #[error(transparent)]
    DeviceRequest(#[from] DeviceRequestError),
    /// The tenant takes no such clients any more.
    #[error(transparent)]
    Document(#[from] DocumentRefusal),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error(transparent)]
    Dpop(#[from] DpopError),
    /// The policies of the tenant stand against it: never `invalid_grant`.
    #[error(transparent)]
    Policy(#[from] PolicyRefusal),
    /// Row Q3: 503 or 500, never `invalid_grant`.
    #[error("the tokens could not be issued")]
    Store(#[from] StoreError),
}

impl TokenError {
    /// What was asked for and is no resource.
    pub fn refused_resource(&self) -> Option<&str> {
        match self {
            Self::Target(error) => error.refused_value(),
            Self::ClientCredentials(error) => error.refused_resource(),
            _ => None,
        }
    }
}

impl ProtocolError for TokenError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Request(error) => error.code(),
            Self::Client(error) => error.code(),
            Self::Redeem(error) => error.code(),
            Self::Refresh(error) => error.code(),
            Self::ClientCredentials(error) => error.code(),
            Self::DeviceCode(error) => error.code(),
            Self::DeviceRequest(error) => error.code(),
            Self::Document(_) => ErrorCode::InvalidGrant,
            Self::Target(error) => error.code(),
            Self::Scope(error) => error.code(),
            Self::Dpop(error) => error.code(),
            Self::Policy(error) => error.code(),
            Self::Store(error) if error.is_unavailable() => ErrorCode::TemporarilyUnavailable,
            Self::Store(_) => ErrorCode::ServerError,
        }
    }
}

impl From<IssueError> for TokenError {
    fn from(error: IssueError) -> Self {
        Self::Store(error.into())
    }
}

/// What every grant type needs of the caches, fetched before its transaction.
struct Ground<'a> {
    tenant: &'a Tenant,
    client: &'a KnownClient,
    tolerances: &'a UsedTolerances,
    /// The key that signed the client's assertion.
    kid: Option<&'a str>,
    /// The key that the request proved to hold: tokens are bound to it.
    dpop_key: Option<&'a JwkThumbprint>,
    origin: &'a Origin,
    /// How it did.
    dpop_proof: Option<&'a UnspentProof>,
    resources: Arc<Resources>,
    keys: Arc<TenantKeys>,
    policies: Arc<PoliciesInForce>,
    now: Timestamp,
}

impl Ground<'_> {
    fn choice(&self) -> ResourceChoice<'_> {
        ResourceChoice {
            resources: &self.resources,
            client: &self.client.client,
            tenant_default: self.tenant.settings().default_resource,
            issuer: self.tenant.issuer(),
        }
    }

    /// What was granted to a client that proved itself is not for whoever has come to be called so
    /// without a proof. Asked before anything is decided, so that such a caller revokes nothing either.
    fn check_method(&self, grant: &Grant) -> Result<(), ClientAuthenticationError> {
        let is_weaker = grant.client_key == self.client.key
            && grant
                .client_auth_method
                .is_some_and(|pinned| self.client.auth_method.is_weaker_than(pinned));
        if is_weaker {
            return Err(ClientAuthenticationError::MethodDowngrade);
        }
        Ok(())
    }

    /// What an operator said of this one client counts, be it shorter or longer than the tenant's.
    fn refresh_idle_lifetime(&self) -> Duration {
        let of_tenant = self.tenant.settings().refresh_idle_lifetime;
        self.client.refresh_idle_lifetime.unwrap_or(of_tenant)
    }

    fn refresh_absolute_lifetime(&self) -> Duration {
        let of_tenant = self.tenant.settings().refresh_absolute_lifetime;
        self.client.refresh_absolute_lifetime.unwrap_or(of_tenant)
    }
}

impl Authority {
    async fn ground<'a>(
        &self,
        tenant: &'a Tenant,
        client: &'a AuthenticatedClient,
    ) -> Result<Ground<'a>, TokenError> {
        policy::check_origin(tenant, client)?;
        let resources = self.directory().list_resources(tenant).await?;
        let keys = self.key_ring().find_keys(tenant).await;
        let keys = keys.map_err(StoreError::from)?;
        let policies = self.directory().find_policies(tenant).await?;
        Ok(Ground {
            tenant,
            client: &client.client,
            tolerances: &client.tolerances,
            kid: client.kid.as_deref(),
            dpop_key: client.dpop_key.as_ref(),
            origin: &client.origin,
            dpop_proof: client.dpop_proof.as_ref(),
            resources,
            keys,
            policies,
            now: self.now(),
        })
    }

    /// Whose grant it is, as the policies are told. In the transaction, and without a query where the person is
    /// remembered. Not there: disabled since the grant's row was read.
    async fn find_person_of(
        &self,
        scope: &mut TenantScope,
        grant: &Grant,
    ) -> Result<Arc<KnownPerson>, TokenError> {
        let found = self.directory().find_person_in(scope, grant.user_id);
        let gone = || StoreError::Unavailable("the user was changed meanwhile".to_owned());
        Ok(found.await?.ok_or_else(gone)?)
    }

    /// Row T1: in the transaction that writes what the proof gets, before that is written.
    async fn spend_proof(
        &self,
        scope: &mut TenantScope,
        ground: &Ground<'_>,
    ) -> Result<(), TokenError> {
        let Some(proof) = ground.dpop_proof else {
            return Ok(());
        };
        if proof.spend(scope, ground.now).await? {
            return Ok(());
        }
        self.count_proof(DpopError::Replayed.reason());
        Err(DpopError::Replayed.into())
    }

    fn count_store_error<T>(&self, outcome: Result<T, TokenError>) -> Result<T, TokenError> {
        if let Err(TokenError::Store(error)) = &outcome {
            tracing::warn!(%error, "no tokens");
            self.metrics().database_errors.inc();
        }
        outcome
    }

    /// An access token of a grant, for the one resource and the scopes that were asked now, as far as the policies
    /// give them, and an ID token where `openid` is among them.
    fn issue_of_grant(
        &self,
        ground: &Ground<'_>,
        asked: &AskedOfGrant<'_>,
    ) -> Result<Issued, TokenError> {
        let grant = asked.grant;
        let resources: Vec<&str> = asked.resources.iter().map(String::as_str).collect();
        let target = ground
            .choice()
            .at_token(&grant.resource_ids, &grant.scopes, &resources)?;
        let narrowed = scope::at_refresh(&grant.scopes, asked.scopes)?;
        let userinfo = ground.tenant.issuer().endpoint(USERINFO_ENDPOINT);
        let (audience, resource, scopes) = match target {
            Target::Resource(it) => (&it.audience, Some(it), scope::for_resource(&narrowed, it)),
            Target::Userinfo => (&userinfo, None, scope::for_userinfo(&narrowed)),
        };
        let scopes = self.decide_issue(&IssueQuestion {
            tenant: ground.tenant,
            policies: &ground.policies,
            client: ground.client,
            of_grant: Some((grant, asked.person)),
            scopes: &scopes,
            resource,
            grant_type: asked.grant_type,
            redirect_host: asked.redirect_uri.map(RedirectUri::host_or_scheme),
            origin: ground.origin,
            now: ground.now,
            before: &[],
        })?;
        let order = AccessTokenOrder {
            client: ground.client,
            subject: Subject::User(grant.user_id),
            audience,
            resource_lifetime: resource.and_then(|it| it.access_token_lifetime),
            scopes: scopes.clone(),
            grant_id: Some(grant.grant_id),
            authenticated_at: Some(grant.authenticated_at),
            acr: grant.acr.clone(),
            confirmation: ground.dpop_key.cloned(),
        };
        let signed = sign_access_token(
            ground.tenant,
            &ground.keys,
            order,
            self.random(),
            ground.now,
        )?;
        let id_token = scopes
            .contains(scope::OPENID)
            .then(|| id_token::sign(ground, grant, asked.nonce, &signed.token))
            .transpose()?;
        Ok(Issued {
            signed,
            id_token,
            scopes,
            resource_id: resource.map(|it| it.resource_id),
            token_type: TokenType::of_bound(ground.dpop_key.is_some()),
        })
    }

    /// Counts and records what was issued.
    fn record_issued(
        &self,
        ground: &Ground<'_>,
        grant_type: GrantType,
        event_type: EventType,
        grant_id: Option<GrantId>,
        issued: &Issued,
    ) {
        let event = issued_event(ground, event_type, grant_id, issued);
        self.record_issuance(ground, grant_type, issued, event);
    }

    fn record_issuance(
        &self,
        ground: &Ground<'_>,
        grant_type: GrantType,
        issued: &Issued,
        event: AuditEvent,
    ) {
        let (metrics, label) = (self.metrics(), [grant_type.as_str()]);
        metrics.tokens_issued.with_label_values(&label).inc();
        if issued.id_token.is_some() {
            metrics.id_tokens_issued.with_label_values(&label).inc();
        }
        self.count_tolerances(ground.tolerances);
        self.audit().record(ground.tenant, event);
    }
}

fn issued_event(
    ground: &Ground<'_>,
    event_type: EventType,
    grant_id: Option<GrantId>,
    issued: &Issued,
) -> AuditEvent {
    let actor = Actor::Client(ground.client.client_id.clone());
    let mut event = AuditEvent::new(event_type, actor, ground.now)
        .origin(ground.origin)
        .detail("jti", issued.signed.token_id)
        .detail("scope", &issued.scopes);
    event = match issued.resource_id {
        Some(resource_id) => event.detail("resource_id", resource_id),
        None => event.detail("audience", USERINFO_ENDPOINT),
    };
    if let Some(grant_id) = grant_id {
        event = event.at("grant", grant_id);
    }
    if let Some(kid) = ground.kid {
        event = event.detail("client_kid", kid);
    }
    if let Some(key) = ground.dpop_key {
        event = event.detail("dpop_jkt", key);
    }
    event.tolerances(ground.tolerances)
}

/// What a request wants of a grant.
struct AskedOfGrant<'a> {
    grant: &'a Grant,
    person: &'a KnownPerson,
    grant_type: GrantType,
    resources: &'a [String],
    scopes: Option<&'a ScopeSet>,
    nonce: Option<&'a str>,
    /// Where the code went.
    redirect_uri: Option<&'a RedirectUri>,
}

/// A signed token on its way out.
struct Issued {
    signed: IssuedAccessToken,
    /// Where `openid` is among the scopes.
    id_token: Option<String>,
    scopes: ScopeSet,
    /// None: for our own userinfo endpoint.
    resource_id: Option<ResourceId>,
    token_type: TokenType,
}

impl Issued {
    fn into_response(self, refresh_token: Option<&SecretText>) -> TokenResponse {
        TokenResponse {
            access_token: self.signed.token,
            token_type: self.token_type,
            lifetime: self.signed.lifetime,
            refresh_token: refresh_token.cloned(),
            id_token: self.id_token,
            scope: self.scopes,
        }
    }
}

/// Row F8: a password that was changed since voids what the old one allowed.
fn standing_after_password_change(
    standing: Standing,
    authenticated_at: Timestamp,
    password_changed_at: Option<Timestamp>,
) -> Standing {
    let is_login_valid =
        password_changed_at.is_none_or(|changed_at| changed_at <= authenticated_at);
    Standing {
        is_grant_live: standing.is_grant_live && is_login_valid,
        ..standing
    }
}

/// Ends a transaction whose guarded write touched no row. It may hold the locks that it looked
/// through; going on to revoke while holding them would be a deadlock of everybody who lost the same
/// race. Rolled back, so that half of a write never passes for another's deed.
async fn give_way(scope: TenantScope) -> Result<(), StoreError> {
    scope.roll_back().await
}

fn too_many_attempts() -> StoreError {
    StoreError::Internal("a row changed again and again".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row F8.
    #[test]
    fn a_login_with_the_old_password_no_longer_counts() {
        let at = Timestamp::from_unix_seconds;
        let is_live = |changed_at: Option<i64>| {
            standing_after_password_change(Standing::GOOD, at(100), changed_at.map(at))
                .is_grant_live
        };
        assert!(is_live(None));
        assert!(is_live(Some(100)));
        assert!(!is_live(Some(101)));
    }

    /// Row Q3.
    #[test]
    fn an_outage_is_never_invalid_grant() {
        let outage = TokenError::Store(StoreError::Unavailable("gone".to_owned()));
        assert_eq!(outage.code(), ErrorCode::TemporarilyUnavailable);
        let fault = TokenError::Store(StoreError::Internal("oops".to_owned()));
        assert_eq!(fault.code(), ErrorCode::ServerError);
    }
}
