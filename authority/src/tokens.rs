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
mod refresh_token;

use std::sync::Arc;
use std::time::Duration;

use protocol::authorization::RedeemError;
use protocol::client::authentication::ClientAuthenticationError;
use protocol::client::{GrantType, UsedTolerances};
use protocol::error_code::{ErrorCode, ProtocolError};
use protocol::ids::{GrantId, ResourceId, Subject};
use protocol::resource::{ResourceChoice, Resources, TargetError};
use protocol::scope::{self, ScopeError, ScopeSet};
use protocol::token::client_credentials::ClientCredentialsError;
use protocol::token::request::TokenRequestError;
use protocol::token::{RefreshError, Standing, TokenResponse};
use protocol::{SecretText, Timestamp};
use store::{Grant, StoreError, Tenant, TenantScope};

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType};
use crate::client_authentication::AuthenticatedClient;
use crate::directory::KnownClient;
use crate::issue::{AccessTokenOrder, IssueError, IssuedAccessToken, sign_access_token};
use crate::key_ring::TenantKeys;
use crate::policy::{self, DocumentRefusal};

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
    /// The tenant takes no such clients any more.
    #[error(transparent)]
    Document(#[from] DocumentRefusal),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Scope(#[from] ScopeError),
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
            Self::Document(_) => ErrorCode::InvalidGrant,
            Self::Target(error) => error.code(),
            Self::Scope(error) => error.code(),
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
    resources: Arc<Resources>,
    keys: Arc<TenantKeys>,
    now: Timestamp,
}

impl Ground<'_> {
    fn choice(&self) -> ResourceChoice<'_> {
        ResourceChoice {
            resources: &self.resources,
            client: &self.client.client,
            tenant_default: self.tenant.settings().default_resource,
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
        Ok(Ground {
            tenant,
            client: &client.client,
            tolerances: &client.tolerances,
            kid: client.kid.as_deref(),
            resources,
            keys,
            now: self.now(),
        })
    }

    fn count_store_error<T>(&self, outcome: Result<T, TokenError>) -> Result<T, TokenError> {
        if let Err(TokenError::Store(error)) = &outcome {
            tracing::warn!(%error, "no tokens");
            self.metrics().database_errors.inc();
        }
        outcome
    }

    /// An access token of a grant, for the one resource and the scopes that were asked now.
    fn issue_of_grant(
        &self,
        ground: &Ground<'_>,
        grant: &Grant,
        asked_resources: &[String],
        asked_scopes: Option<&ScopeSet>,
    ) -> Result<Issued, TokenError> {
        let asked: Vec<&str> = asked_resources.iter().map(String::as_str).collect();
        let resource = ground.choice().at_token(&grant.resource_ids, &asked)?;
        let narrowed = scope::at_refresh(&grant.scopes, asked_scopes)?;
        let scopes = scope::for_resource(&narrowed, resource);
        let order = AccessTokenOrder {
            client: ground.client,
            subject: Subject::User(grant.user_id),
            resource,
            scopes: scopes.clone(),
            grant_id: Some(grant.grant_id),
            authenticated_at: Some(grant.authenticated_at),
        };
        let signed = sign_access_token(
            ground.tenant,
            &ground.keys,
            order,
            self.random(),
            ground.now,
        )?;
        Ok(Issued {
            signed,
            scopes,
            resource_id: resource.resource_id,
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
        self.metrics()
            .tokens_issued
            .with_label_values(&[grant_type.as_str()])
            .inc();
        let actor = Actor::Client(ground.client.client_id.clone());
        let mut event = AuditEvent::new(event_type, actor, ground.now)
            .detail("jti", issued.signed.token_id)
            .detail("resource_id", issued.resource_id)
            .detail("scope", &issued.scopes);
        if let Some(grant_id) = grant_id {
            event = event.at("grant", grant_id);
        }
        if let Some(kid) = ground.kid {
            event = event.detail("client_kid", kid);
        }
        event = event.tolerances(ground.tolerances);
        self.count_tolerances(ground.tolerances);
        self.audit().record(ground.tenant, event);
    }
}

/// A signed token on its way out.
struct Issued {
    signed: IssuedAccessToken,
    scopes: ScopeSet,
    resource_id: ResourceId,
}

impl Issued {
    fn into_response(self, refresh_token: Option<&SecretText>) -> TokenResponse {
        TokenResponse::bearer(
            self.signed.token,
            self.signed.lifetime,
            refresh_token,
            self.scopes,
        )
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
