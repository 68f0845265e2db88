//! Verifying access tokens: what introspection and revocation know of one.
//!
//! A token whose signature was right once is remembered under a keyed digest. Everything that can
//! change is asked again each time: the time, revocation, the key, client, user, resource. With all
//! of it warm and `freshness` live this costs no round trip to the database.
//!
//! What it is not: for resource servers that verify by themselves; those have the JWKS.

mod remembered;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crypto::jwt::{self, Expected};
use protocol::Timestamp;
use protocol::ids::{ClientId, Subject, TokenId};
use protocol::introspection::jwt::{INTROSPECTION_JWT_TYP, IntrospectionJwtClaims};
use protocol::introspection::{IntrospectionResponse, may_learn};
use protocol::metadata::USERINFO_ENDPOINT;
use protocol::resource::Resource;
use protocol::token::access_token::{ACCESS_TOKEN_TYP, AccessTokenClaims};
use store::{StoreError, Tenant};

use crate::Authority;
use crate::directory::{KnownPerson, KnownResourceCredential};
use crate::issue::IssueError;
use crate::key_ring::TenantKeys;
use crate::limits::{Limit, RateLimited, address_key};

pub use remembered::VerifiedTokens;

/// An access token of ours: signature, issuer, kind and claims are right.
#[derive(Debug, Clone)]
pub struct VerifiedAccessToken {
    pub claims: AccessTokenClaims,
    pub token_id: TokenId,
    pub subject: Subject,
    pub client_id: ClientId,
    kid: String,
}

/// A token that is good now, and whose it is.
#[derive(Debug, Clone)]
pub struct ActiveAccessToken {
    pub token: Arc<VerifiedAccessToken>,
    /// RFC 7662 §2.2; none for a client's own token.
    pub username: Option<Arc<str>>,
}

/// Why a token is not active. Callers of introspection see none of it.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    NotOurs(#[from] jwt::VerifyError),
    #[error("the token is expired")]
    Expired,
    #[error("its key is no longer published")]
    KeyRemoved,
    #[error("the token is revoked")]
    Revoked,
    #[error("its client is unknown or disabled")]
    ClientGone,
    #[error("its user is unknown or disabled")]
    UserGone,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why introspection has no answer.
#[derive(Debug, thiserror::Error)]
pub enum IntrospectError {
    #[error(transparent)]
    Limited(#[from] RateLimited),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who asks about a token.
#[derive(Debug, Clone, Copy)]
pub enum IntrospectionCaller<'a> {
    ResourceServer(&'a KnownResourceCredential),
    /// Nobody that we know, from this address: a tolerance, for what runs on one machine.
    Anybody(IpAddr),
}

/// What the answer is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntrospectionFormat {
    Json,
    /// Signed (RFC 9701).
    Jwt,
}

impl IntrospectionFormat {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Jwt => "jwt",
        }
    }
}

impl IntrospectionCaller<'_> {
    /// Whose inactive tokens are counted.
    fn key(self) -> String {
        match self {
            Self::ResourceServer(credential) => credential.client_id.to_string(),
            // No client_id looks like this.
            Self::Anybody(address) => format!("\n{}", address_key(address)),
        }
    }
}

/// An operator may delete a client or a resource and give its name to another one: a token from before then is
/// the first one's, and died with it. Where the second leaves it open, it is the new one's, whose row is read here;
/// the revocation feed knows the end alone, and calls it void.
fn is_older(claims: &AccessTokenClaims, since: Timestamp) -> bool {
    since.is_surely_after_second(claims.iat)
}

/// Whether the token is for this resource, and not for one that was called so before.
pub(crate) fn is_for(resource: &Resource, claims: &AccessTokenClaims) -> bool {
    may_learn(&resource.audience, claims) && !is_older(claims, resource.audience_since)
}

impl Authority {
    /// RFC 7662: what this resource server may learn about a token. Rows H2, H3, H5, H6.
    pub async fn introspect(
        &self,
        tenant: &Tenant,
        caller: IntrospectionCaller<'_>,
        token: &str,
        format: IntrospectionFormat,
    ) -> Result<IntrospectionResponse, IntrospectError> {
        let resources = self.directory().list_resources(tenant).await?;
        let may_see = |claims: &AccessTokenClaims| match caller {
            IntrospectionCaller::ResourceServer(credential) => resources
                .find(credential.resource_id)
                .is_some_and(|resource| is_for(resource, claims)),
            IntrospectionCaller::Anybody(_) => {
                resources.iter().any(|resource| is_for(resource, claims))
                    || claims.aud == tenant.issuer().endpoint(USERINFO_ENDPOINT)
            }
        };
        let verified = match self.verify_access_token(tenant, token).await {
            Ok(verified) => Some(verified),
            Err(VerifyError::Store(error)) => {
                self.metrics().database_errors.inc();
                return Err(error.into());
            }
            Err(reason) => {
                tracing::debug!(%reason, "the token is inactive");
                None
            }
        };
        let Some(active) = verified.filter(|it| may_see(&it.token.claims)) else {
            self.count_introspection("inactive", format);
            self.limits()
                .take(
                    Limit::InactiveIntrospection,
                    Some(tenant.id()),
                    &caller.key(),
                )
                .await?;
            return Ok(IntrospectionResponse::inactive());
        };
        self.count_introspection("active", format);
        let username = active.username.as_deref().map(str::to_owned);
        let claims = active.token.claims.clone();
        Ok(IntrospectionResponse::active(claims, username))
    }

    /// RFC 9701: the answer, signed for the resource server that asked.
    pub async fn sign_introspection(
        &self,
        tenant: &Tenant,
        caller: &KnownResourceCredential,
        answer: IntrospectionResponse,
    ) -> Result<String, StoreError> {
        let keys = self.key_ring().find_keys(tenant).await?;
        let claims =
            IntrospectionJwtClaims::new(tenant.issuer(), &caller.client_id, answer, self.now());
        let signed = jwt::sign(keys.signer()?, INTROSPECTION_JWT_TYP, &claims);
        Ok(signed.map_err(IssueError::from)?)
    }

    /// A token that is good now. An error of the store says nothing about the token.
    pub async fn verify_access_token(
        &self,
        tenant: &Tenant,
        token: &str,
    ) -> Result<ActiveAccessToken, VerifyError> {
        let keys = self
            .key_ring()
            .find_keys(tenant)
            .await
            .map_err(StoreError::from)?;
        let verified = self.check_signature(tenant, &keys, token)?;
        if verified.claims.is_expired(self.now()) {
            return Err(VerifyError::Expired);
        }
        // Row P3: a key that was taken away takes its tokens with it.
        if !keys.has_kid(&verified.kid) {
            return Err(VerifyError::KeyRemoved);
        }
        if self.is_revoked(tenant, &verified).await? {
            return Err(VerifyError::Revoked);
        }
        let username = self.check_parties(tenant, &verified).await?;
        Ok(ActiveAccessToken {
            token: verified,
            username,
        })
    }

    /// Signature, issuer, kind and types; whether it is still good is not asked here.
    pub(crate) fn check_signature(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        token: &str,
    ) -> Result<Arc<VerifiedAccessToken>, VerifyError> {
        if let Some(verified) = self.verified_tokens().find(tenant.id(), token) {
            return Ok(verified);
        }
        let expected = Expected {
            issuer: tenant.issuer().as_str(),
            token_type: ACCESS_TOKEN_TYP,
            audience: None,
            now: self.now(),
            leeway: Duration::ZERO,
        };
        let parsed = jwt::verify(token, keys.verification_keys(), &expected)?;
        let kid = parsed.kid().to_owned();
        let claims: AccessTokenClaims = parsed.into_claims()?;
        let malformed = jwt::VerifyError::Claims;
        let verified = Arc::new(VerifiedAccessToken {
            token_id: claims.token_id().ok_or(malformed)?,
            subject: claims.subject().ok_or(malformed)?,
            client_id: ClientId::parse(&claims.client_id).map_err(|_| malformed)?,
            claims,
            kid,
        });
        self.verified_tokens()
            .insert(tenant.id(), token, Arc::clone(&verified));
        Ok(verified)
    }

    async fn is_revoked(
        &self,
        tenant: &Tenant,
        verified: &VerifiedAccessToken,
    ) -> Result<bool, StoreError> {
        let grant_id = verified.claims.grant_id;
        if self.freshness().is_live() {
            let revocations = self.freshness().revocations();
            let of_grant = grant_id.is_some_and(|id| revocations.is_grant_revoked(tenant.id(), id));
            return Ok(
                of_grant || revocations.is_access_token_revoked(tenant.id(), verified.token_id)
            );
        }
        let mut scope = self.database().tenant(tenant).await?;
        let is_revoked = scope
            .is_access_token_revoked(verified.token_id, grant_id)
            .await?;
        scope.commit().await?;
        Ok(is_revoked)
    }

    /// Row H3: disabled means inactive, at once. The user's name, if it is a user's token.
    async fn check_parties(
        &self,
        tenant: &Tenant,
        verified: &VerifiedAccessToken,
    ) -> Result<Option<Arc<str>>, VerifyError> {
        let client = self
            .directory()
            .find_client(tenant, &verified.client_id)
            .await?;
        let is_standing = client.is_some_and(|client| {
            client.is_enabled && !is_older(&verified.claims, client.created_at)
        });
        if !is_standing {
            return Err(VerifyError::ClientGone);
        }
        let Subject::User(user_id) = verified.subject else {
            return Ok(None);
        };
        let person = self.directory().find_person(tenant, user_id).await?;
        let username = |it: Arc<KnownPerson>| Some(Arc::clone(&it.username));
        person.map(username).ok_or(VerifyError::UserGone)
    }

    fn count_introspection(&self, outcome: &'static str, format: IntrospectionFormat) {
        self.metrics()
            .introspections
            .with_label_values(&[outcome, format.as_str()])
            .inc();
    }
}
