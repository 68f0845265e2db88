//! How a call says who it is from: the bootstrap key, an admin key, or a person's access token (`bearer`).
//!
//! To add one more kind of caller: a variant of `Identity`, and its branch in `recognize`.

use std::time::Duration;

use authority::limits::Limit;
use crypto::SecretToken;
use protocol::{AdminScopes, Slug, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use store::{AdminKey, PlatformScope, Tenant};

use super::bearer::{self, Presented};
use super::{Caller, Identity, Rule};
use crate::api::Api;
use crate::audit;
use crate::problem::Problem;
use crate::request::Incoming;
use crate::secret;

/// How exact `last_used_at` is: a key that works all day writes a row now and then, not per call.
const LAST_USED_PRECISION: Duration = Duration::from_mins(5);

pub(super) async fn admit(incoming: &mut Incoming, rule: Rule) -> Result<Caller, Problem> {
    let (known, mut platform) = authenticate(incoming).await?;
    let caller = known.at(incoming, &mut platform, None).await?;
    platform.commit().await?;
    incoming.count_call(&caller).await?;
    caller.require(rule)?;
    Ok(caller)
}

/// The tenant first: what a caller cannot see, it is not told that it may not touch.
pub(super) async fn admit_to_tenant(
    incoming: &mut Incoming,
    rule: Rule,
) -> Result<(Caller, Tenant), Problem> {
    let (known, mut platform) = authenticate(incoming).await?;
    let found = find_tenant(incoming, &mut platform).await;
    let tenant = found.as_ref().ok();
    let caller = known.at(incoming, &mut platform, tenant).await?;
    platform.commit().await?;
    incoming.count_call(&caller).await?;
    let tenant = found?;
    // Design §3: another tenant is not found, whether it exists or not.
    if !caller.may_see(&tenant) {
        return Err(unknown_tenant());
    }
    caller.require(rule)?;
    if tenant.is_system() && rule.access.is_write() {
        caller.require_everything()?;
    }
    Ok((caller, tenant))
}

/// Who it is; what they may do there is looked up once it is known where.
enum Known {
    BootstrapKey(SecretString),
    AdminKey(SecretString, Box<AdminKey>),
    Administrator(SecretString, bearer::Administrator),
}

impl Known {
    async fn at(
        self,
        incoming: &Incoming,
        platform: &mut PlatformScope,
        tenant: Option<&Tenant>,
    ) -> Result<Caller, Problem> {
        let origin = audit::origin(incoming);
        Ok(match self {
            Self::BootstrapKey(credential) => Caller {
                identity: Identity::BootstrapKey,
                on_platform: AdminScopes::everything(),
                in_tenant: None,
                ends_at: None,
                credential,
                origin,
            },
            Self::AdminKey(credential, key) => {
                let (on_platform, in_tenant) = match key.tenant_id {
                    None => (key.scopes, None),
                    Some(tenant_id) => (AdminScopes::default(), Some((tenant_id, key.scopes))),
                };
                Caller {
                    identity: Identity::AdminKey(key.admin_key_id),
                    on_platform,
                    in_tenant,
                    ends_at: key.expires_at,
                    credential,
                    origin,
                }
            }
            Self::Administrator(credential, administrator) => {
                let rights = administrator.rights(platform, tenant).await?;
                Caller {
                    identity: Identity::Administrator(administrator.user_id()),
                    on_platform: rights.on_platform,
                    in_tenant: rights.in_tenant,
                    ends_at: None,
                    credential,
                    origin,
                }
            }
        })
    }
}

/// One answer for every credential that is not good: missing, garbage, unknown, expired, revoked, of another issuer.
pub(super) fn unauthorized() -> Problem {
    Problem::unauthorized(
        "Send Authorization: Bearer with an admin key that is neither expired nor revoked, or with an access \
         token of the system tenant for this API.",
    )
}

/// What fails counts against the address it came from; a good key is never kept out by it.
async fn authenticate(incoming: &Incoming) -> Result<(Known, PlatformScope), Problem> {
    let calls = &incoming.api.authority().metrics().admin_calls;
    let refused = match recognize(incoming).await {
        Err(problem) if problem.is_unauthorized() => problem,
        Ok((known, platform)) => {
            let by = match known {
                Known::BootstrapKey(_) => "bootstrap_key",
                Known::AdminKey(..) => "admin_key",
                Known::Administrator(..) => "administrator",
            };
            calls.with_label_values(&[by]).inc();
            return Ok((known, platform));
        }
        Err(problem) => return Err(problem),
    };
    calls.with_label_values(&["nobody"]).inc();
    if let Some(address) = audit::origin(incoming).address {
        let limits = incoming.api.authority().limits();
        limits
            .take_by_address(Limit::AdminFailureAddress, None, address)
            .await
            .map_err(|limited| Problem::too_many_failures(&limited))?;
    }
    Err(refused)
}

async fn recognize(incoming: &Incoming) -> Result<(Known, PlatformScope), Problem> {
    let api = &incoming.api;
    let presented = bearer::presented(incoming).ok_or_else(unauthorized)?;
    let credential = SecretString::from(presented);
    if is_bootstrap_key(api, presented) {
        let platform = api.database().platform().await?;
        return Ok((Known::BootstrapKey(credential), platform));
    }
    // Prefix and checksum refuse garbage, and every other kind of secret, without a query.
    let token = match Presented::read(presented) {
        Some(Presented::AdminKey(token)) => token,
        Some(Presented::Jwt(jwt)) => {
            let administrator = bearer::verify(api, jwt).await?;
            let platform = api.database().platform().await?;
            return Ok((Known::Administrator(credential, administrator), platform));
        }
        None => return Err(unauthorized()),
    };
    let mut platform = api.database().platform().await?;
    let key = find_key(api, &mut platform, &token).await?;
    Ok((Known::AdminKey(credential, Box::new(key)), platform))
}

/// Read anew on every call, so a revocation holds at once on every replica (row N9).
async fn find_key(
    api: &Api,
    platform: &mut PlatformScope,
    token: &SecretToken,
) -> Result<AdminKey, Problem> {
    let now = api.now();
    let digests = secret::digests(api.authority().peppers(), token);
    let found = platform.find_admin_key(&digests).await?;
    let key = found.ok_or_else(unauthorized)?;
    if !key.is_live(now) {
        return Err(unauthorized().because("the key is expired or revoked"));
    }
    if is_stale(key.last_used_at, now) {
        platform
            .record_admin_key_use(&[key.admin_key_id], now)
            .await?;
    }
    Ok(key)
}

fn is_stale(last_used_at: Option<Timestamp>, now: Timestamp) -> bool {
    last_used_at.is_none_or(|used_at| now.saturating_since(used_at) >= LAST_USED_PRECISION)
}

fn is_bootstrap_key(api: &Api, presented: &str) -> bool {
    api.bootstrap_key().is_some_and(|key| {
        let key = key.expose_secret();
        !key.is_empty() && crypto::constant_time::equal(key.as_bytes(), presented.as_bytes())
    })
}

fn unknown_tenant() -> Problem {
    Problem::not_found("tenant", "/admin/v1/tenants")
}

async fn find_tenant(incoming: &Incoming, platform: &mut PlatformScope) -> Result<Tenant, Problem> {
    let segment = incoming.segment("tenant").await?;
    let slug = Slug::parse(&segment).map_err(|_| unknown_tenant())?;
    platform
        .find_tenant_by_slug(&slug)
        .await?
        .ok_or_else(unknown_tenant)
}
