//! Who is calling, and what they may do: the first argument of every handler.
//!
//! A key is for the platform or for one tenant, to read or to write. Another tenant's things are
//! *not found*, never *forbidden*; only what the caller can see anyway may be forbidden.
//!
//! To add one more rule: a type here with its `Access`; handlers then name it.

use std::future::Future;
use std::time::Duration;

use actix_web::http::header;
use authority::limits::Limit;
use crypto::{SecretKind, SecretToken};
use protocol::{AdminKeyId, Slug, TenantId, Timestamp};
use secrecy::ExposeSecret;
use store::{AdminAccess, PlatformScope, StoreError, Tenant, TenantScope, Waiting};

use crate::api::Api;
use crate::audit;
use crate::problem::Problem;
use crate::request::Incoming;
use crate::secret;

/// How exact `last_used_at` is: a key that works all day writes a row now and then, not per call.
const LAST_USED_PRECISION: Duration = Duration::from_mins(5);

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    PlatformRead,
    PlatformWrite,
    TenantRead,
    TenantWrite,
    /// A platform key, for an operation on one tenant.
    PlatformTenantWrite,
}

impl Access {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PlatformRead => "platform-read",
            Self::PlatformWrite => "platform-write",
            Self::TenantRead => "tenant-read",
            Self::TenantWrite => "tenant-write",
            Self::PlatformTenantWrite => "platform-tenant-write",
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            Self::PlatformRead => "a platform key",
            Self::PlatformWrite | Self::PlatformTenantWrite => "a platform key with write access",
            Self::TenantRead => "a platform key, or a key of this tenant",
            Self::TenantWrite => "a key with write access, for the platform or for this tenant",
        }
    }

    const fn is_write(self) -> bool {
        matches!(
            self,
            Self::PlatformWrite | Self::TenantWrite | Self::PlatformTenantWrite
        )
    }

    const fn is_platform(self) -> bool {
        matches!(
            self,
            Self::PlatformRead | Self::PlatformWrite | Self::PlatformTenantWrite
        )
    }
}

/// The key that called.
#[derive(Debug, Clone)]
pub struct Caller {
    /// None: the bootstrap key of the configuration.
    pub key_id: Option<AdminKeyId>,
    /// None: the platform.
    pub tenant_id: Option<TenantId>,
    pub can_write: bool,
    pub origin: authority::audit::Origin,
}

impl Caller {
    pub const fn is_platform(&self) -> bool {
        self.tenant_id.is_none()
    }

    fn may_see(&self, tenant_id: TenantId) -> bool {
        self.tenant_id.is_none_or(|own| own == tenant_id)
    }

    fn require(&self, access: Access) -> Result<(), Problem> {
        if access.is_platform() && !self.is_platform() {
            return Err(Problem::forbidden(
                "This key is for one tenant; use a platform key.",
            ));
        }
        if access.is_write() && !self.can_write {
            return Err(Problem::forbidden(
                "This key may only read; use one with write access.",
            ));
        }
        Ok(())
    }
}

pub trait Principal: Sized {
    const ACCESS: Access;

    fn authorize(incoming: &mut Incoming) -> impl Future<Output = Result<Self, Problem>>;
}

/// A platform key, to read.
pub struct PlatformRead;

impl Principal for PlatformRead {
    const ACCESS: Access = Access::PlatformRead;

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        admit(incoming, Self::ACCESS).await.map(|_| Self)
    }
}

/// A platform key, to write.
pub struct PlatformWrite {
    pub caller: Caller,
}

impl Principal for PlatformWrite {
    const ACCESS: Access = Access::PlatformWrite;

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        admit(incoming, Self::ACCESS)
            .await
            .map(|caller| Self { caller })
    }
}

/// Any key that sees this tenant, to read.
pub struct TenantRead {
    /// `{tenant}` of the path; suspended ones included.
    pub tenant: Tenant,
}

impl Principal for TenantRead {
    const ACCESS: Access = Access::TenantRead;

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        admit_to_tenant(incoming, Self::ACCESS)
            .await
            .map(|(_, tenant)| Self { tenant })
    }
}

/// Any key that sees this tenant, to write.
pub struct TenantWrite {
    pub caller: Caller,
    /// `{tenant}` of the path; suspended ones included.
    pub tenant: Tenant,
}

impl TenantWrite {
    /// The tenant's rows, for one change of its administrators at a time. A moment that is written is read after
    /// this: it may have waited, and what came before it is the past.
    pub async fn open(&self, api: &Api) -> Result<TenantScope, StoreError> {
        let database = api.database();
        database
            .tenant_in_line(&self.tenant, Waiting::Administrator)
            .await
    }
}

impl Principal for TenantWrite {
    const ACCESS: Access = Access::TenantWrite;

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        admit_to_tenant(incoming, Self::ACCESS)
            .await
            .map(|(caller, tenant)| Self { caller, tenant })
    }
}

/// A platform key, to decide about a tenant as a whole.
pub struct PlatformTenantWrite {
    pub caller: Caller,
    /// `{tenant}` of the path; suspended ones included.
    pub tenant: Tenant,
}

impl Principal for PlatformTenantWrite {
    const ACCESS: Access = Access::PlatformTenantWrite;

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        admit_to_tenant(incoming, Self::ACCESS)
            .await
            .map(|(caller, tenant)| Self { caller, tenant })
    }
}

async fn admit(incoming: &Incoming, access: Access) -> Result<Caller, Problem> {
    let (caller, platform) = authenticate(incoming).await?;
    platform.commit().await?;
    caller.require(access)?;
    Ok(caller)
}

/// The tenant first: what a key cannot see, it is not told that it may not touch.
async fn admit_to_tenant(incoming: &Incoming, access: Access) -> Result<(Caller, Tenant), Problem> {
    let (caller, mut platform) = authenticate(incoming).await?;
    let tenant = find_tenant(incoming, &caller, &mut platform).await?;
    platform.commit().await?;
    caller.require(access)?;
    Ok((caller, tenant))
}

/// One answer for every key that is not good: missing, garbage, unknown, expired, revoked.
fn unauthorized() -> Problem {
    Problem::unauthorized(
        "Send Authorization: Bearer with an admin key that is neither expired nor revoked.",
    )
}

/// What fails counts against the address it came from; a good key is never kept out by it.
async fn authenticate(incoming: &Incoming) -> Result<(Caller, PlatformScope), Problem> {
    let refused = match recognize(incoming).await {
        Err(problem) if problem.is_unauthorized() => problem,
        outcome => return outcome,
    };
    if let Some(address) = audit::origin(incoming).address {
        let limits = incoming.api.authority().limits();
        limits
            .take_by_address(Limit::AdminFailureAddress, None, address)
            .await
            .map_err(|limited| Problem::too_many_requests(&limited))?;
    }
    Err(refused)
}

async fn recognize(incoming: &Incoming) -> Result<(Caller, PlatformScope), Problem> {
    let api = &incoming.api;
    let presented = presented_key(incoming).ok_or_else(unauthorized)?;
    let origin = audit::origin(incoming);
    if is_bootstrap_key(api, presented) {
        let caller = Caller {
            key_id: None,
            tenant_id: None,
            can_write: true,
            origin,
        };
        return Ok((caller, api.database().platform().await?));
    }
    // Checksum and prefix refuse garbage, and every other kind of token, without a query.
    let token = SecretToken::parse(SecretKind::AdminKey, presented).map_err(|_| unauthorized())?;
    let now = api.now();
    let mut platform = api.database().platform().await?;
    // Read anew on every call, so a revocation holds at once on every replica (row N9).
    let digests = secret::digests(api.authority().peppers(), &token);
    let Some(key) = platform.find_admin_key(&digests).await? else {
        return Err(unauthorized());
    };
    let is_live =
        key.revoked_at.is_none() && key.expires_at.is_none_or(|expires_at| now < expires_at);
    if !is_live {
        return Err(unauthorized().because("the key is expired or revoked"));
    }
    if is_stale(key.last_used_at, now) {
        platform
            .record_admin_key_use(&[key.admin_key_id], now)
            .await?;
    }
    let can_write = key.access == AdminAccess::Write;
    Ok((
        Caller {
            key_id: Some(key.admin_key_id),
            tenant_id: key.tenant_id,
            can_write,
            origin,
        },
        platform,
    ))
}

fn is_stale(last_used_at: Option<Timestamp>, now: Timestamp) -> bool {
    last_used_at.is_none_or(|used_at| now.saturating_since(used_at) >= LAST_USED_PRECISION)
}

/// RFC 6750 §2.1; exactly one header.
fn presented_key(incoming: &Incoming) -> Option<&str> {
    let mut headers = incoming.http.headers().get_all(header::AUTHORIZATION);
    let value = headers.next()?.to_str().ok()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty() && key.len() <= 512).then_some(key)
}

fn is_bootstrap_key(api: &Api, presented: &str) -> bool {
    api.bootstrap_key().is_some_and(|key| {
        let key = key.expose_secret();
        !key.is_empty() && crypto::constant_time::equal(key.as_bytes(), presented.as_bytes())
    })
}

async fn find_tenant(
    incoming: &Incoming,
    caller: &Caller,
    platform: &mut PlatformScope,
) -> Result<Tenant, Problem> {
    let unknown = || Problem::not_found("tenant", "/admin/v1/tenants");
    let slug = Slug::parse(&incoming.segment("tenant").await?).map_err(|_| unknown())?;
    let tenant = platform
        .find_tenant_by_slug(&slug)
        .await?
        .ok_or_else(unknown)?;
    // Design §3: another tenant is not found, whether it exists or not.
    if caller.may_see(tenant.id()) {
        Ok(tenant)
    } else {
        Err(unknown())
    }
}
