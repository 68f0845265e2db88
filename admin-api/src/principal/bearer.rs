//! What comes after `Authorization: Bearer`: an admin key, or a person's access token of the system tenant.
//!
//! A token says who somebody is and whether they meant to write; what they may do is in their memberships, read at
//! every call. So a withdrawn membership holds with the commit, on every replica, whatever tokens are out there.

use actix_web::http::header;
use authority::system_tenant::{AdminTokenError, VerifiedAdministrator};
use crypto::{SecretKind, SecretToken};
use protocol::{AdminScopes, TenantId, UserId};
use store::{PlatformScope, Tenant};

use super::authenticate::unauthorized;
use crate::api::Api;
use crate::problem::Problem;
use crate::request::Incoming;

/// Keys are far shorter; tokens with many scopes are not.
const LONGEST: usize = 4_096;

/// RFC 6750 §2.1; exactly one header.
pub(super) fn presented(incoming: &Incoming) -> Option<&str> {
    let mut headers = incoming.http.headers().get_all(header::AUTHORIZATION);
    let value = headers.next()?.to_str().ok()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, credential) = value.split_once(' ')?;
    let credential = credential.trim();
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    (is_bearer && !credential.is_empty() && credential.len() <= LONGEST).then_some(credential)
}

/// By its looks; whether it is good is another question.
pub(super) enum Presented<'a> {
    AdminKey(SecretToken),
    Jwt(&'a str),
}

impl<'a> Presented<'a> {
    pub fn read(text: &'a str) -> Option<Self> {
        // RFC 7515 §7.1: three parts, the first of them JSON in base64.
        if text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2 {
            return Some(Self::Jwt(text));
        }
        SecretToken::parse(SecretKind::AdminKey, text)
            .ok()
            .map(Self::AdminKey)
    }
}

/// Somebody who signed in to administer.
pub(super) struct Administrator(VerifiedAdministrator);

/// What they may do.
pub(super) struct Rights {
    pub on_platform: AdminScopes,
    pub in_tenant: Option<(TenantId, AdminScopes)>,
}

/// The same 401 for every token that is none for this API; the log says why.
pub(super) async fn verify(api: &Api, jwt: &str) -> Result<Administrator, Problem> {
    let Some(admin_url) = api.admin_url() else {
        return Err(unauthorized().because("WRIT_ADMIN_URL is not set: keys only"));
    };
    match api.authority().verify_admin_token(admin_url, jwt).await {
        Ok(verified) => Ok(Administrator(verified)),
        Err(AdminTokenError::Store(error)) => Err(error.into()),
        Err(reason) => Err(unauthorized().because(reason)),
    }
}

impl Administrator {
    pub const fn user_id(&self) -> UserId {
        self.0.user_id
    }

    pub async fn rights(
        &self,
        platform: &mut PlatformScope,
        tenant: Option<&Tenant>,
    ) -> Result<Rights, Problem> {
        let memberships = platform
            .list_memberships_that_count(&self.0.system_tenant, self.0.user_id, tenant)
            .await?;
        let of = |is_here: &dyn Fn(Option<TenantId>) -> bool| {
            let here = memberships.iter().filter(|it| is_here(it.tenant_id));
            let scopes = here.fold(AdminScopes::default(), |scopes, membership| {
                scopes.union(&membership.role.scopes())
            });
            if self.0.can_write {
                scopes
            } else {
                scopes.read_only()
            }
        };
        let in_tenant = tenant.map(|tenant| {
            let is_here = |tenant_id: Option<TenantId>| tenant_id == Some(tenant.id());
            (tenant.id(), of(&is_here))
        });
        Ok(Rights {
            on_platform: of(&|tenant_id| tenant_id.is_none()),
            in_tenant,
        })
    }
}
