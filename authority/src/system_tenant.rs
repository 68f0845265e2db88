//! The system tenant: its users are the people who administer the installation, and the admin API is a resource of it.
//!
//! What it is: making it once, keeping it in step with the settings, and verifying the tokens that it issues for the
//! admin API. What it is not: who may do what there (memberships, `admin-api`).
//!
//! Everything about it is found by marks that nobody else can have: the tenant by its row's mark, the resource by
//! [`ADMIN_RESOURCE`]. Slug, `client_id` and names are for people.

mod keeping;

use std::sync::Arc;

use protocol::client::ClientOrigin;
use protocol::ids::{ResourceId, Subject, UserId};
use store::{StoreError, Tenant};

use crate::Authority;
use crate::verify::{VerifyError, is_for};

pub use keeping::{CLI_CLIENT_ID, SystemTenantError, SystemTenantSettings};

/// The admin API, among the resources of the system tenant.
pub const ADMIN_RESOURCE: ResourceId = ResourceId::ADMIN_API;
/// Reads what the person may read.
pub const READ_SCOPE: &str = "admin:read";
/// Reads and changes what the person may.
pub const WRITE_SCOPE: &str = "admin:write";

/// A person of the system tenant who signed in, and what their token lets the bearer try.
#[derive(Debug, Clone)]
pub struct VerifiedAdministrator {
    pub system_tenant: Arc<Tenant>,
    pub user_id: UserId,
    /// `false`: the token is good for reading alone.
    pub can_write: bool,
}

/// Why a token is none for the admin API. Callers see one answer for all of them.
#[derive(Debug, thiserror::Error)]
pub enum AdminTokenError {
    #[error("there is no system tenant")]
    NoSystemTenant,
    #[error(transparent)]
    NotActive(VerifyError),
    #[error("the token is for another resource than the admin API at WRIT_ADMIN_URL")]
    Audience,
    #[error("the token is bound to a key, and was sent as a bearer token")]
    Bound,
    #[error("the token is a client's own, and speaks for nobody")]
    NoPerson,
    #[error("nobody vouches for the client that got the token")]
    Client,
    #[error("the token has neither admin:read nor admin:write")]
    Scope,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<VerifyError> for AdminTokenError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Store(error) => Self::Store(error),
            other => Self::NotActive(other),
        }
    }
}

impl Authority {
    /// An access token that was sent to the admin API at `admin_url`. Only the system tenant's issuer counts:
    /// whoever administers another tenant may register a resource of the same name there.
    pub async fn verify_admin_token(
        &self,
        admin_url: &str,
        token: &str,
    ) -> Result<VerifiedAdministrator, AdminTokenError> {
        let system_tenant = self.directory().find_system_tenant().await?;
        let system_tenant = system_tenant.ok_or(AdminTokenError::NoSystemTenant)?;
        let active = self.verify_access_token(&system_tenant, token).await?;
        let claims = &active.token.claims;
        let resources = self.directory().list_resources(&system_tenant).await?;
        let is_ours = resources
            .find(ADMIN_RESOURCE)
            .is_some_and(|resource| resource.audience == admin_url && is_for(resource, claims));
        if !is_ours {
            return Err(AdminTokenError::Audience);
        }
        // RFC 9449 §7.1: a bound token without its proof is no token.
        if claims.cnf.is_some() {
            return Err(AdminTokenError::Bound);
        }
        let Subject::User(user_id) = active.token.subject else {
            return Err(AdminTokenError::NoPerson);
        };
        let client = self
            .directory()
            .find_client(&system_tenant, &active.token.client_id)
            .await?;
        if client.is_none_or(|client| client.origin != ClientOrigin::Static) {
            return Err(AdminTokenError::Client);
        }
        let can_write = claims.scope.contains(WRITE_SCOPE);
        if !can_write && !claims.scope.contains(READ_SCOPE) {
            return Err(AdminTokenError::Scope);
        }
        Ok(VerifiedAdministrator {
            system_tenant,
            user_id,
            can_write,
        })
    }
}
