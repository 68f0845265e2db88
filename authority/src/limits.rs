//! How often something may be tried: per account, address, client and tenant.
//!
//! The counts in this process are the floor and always hold. With Redis the replicas also share
//! one count; while Redis does not answer, the counts in process are tightened, so that login is
//! never unlimited and never N times too generous (row M2).
//!
//! What it is not: flow control. Queues that are full answer for themselves (see `login`).
//!
//! To add one more: a variant of [`Limit`], its quota in [`LimitSettings`], a line in `quota_of`.

mod cells;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use protocol::clock::Clock;
use protocol::ids::TenantId;
use store::redis::SharedLimits;

use crate::metrics::Metrics;
use cells::{KeyedCells, LimitClock};

/// What is counted. The name is part of the key in Redis and a label of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Sign-in attempts at one account.
    LoginAccount,
    /// Sign-in attempts from one address.
    LoginAddress,
    /// Sign-in attempts at one tenant.
    LoginTenant,
    /// Failed authentications of one client.
    ClientFailure,
    /// Failed client authentications from one address.
    ClientFailureAddress,
    /// Dynamic registrations from one address.
    RegistrationAddress,
    /// Dynamic registrations at one tenant.
    RegistrationTenant,
    /// Updates of one client's registration (RFC 7592).
    RegistrationUpdate,
    /// Wrong registration access tokens (RFC 7592) from one address.
    RegistrationTokenFailure,
    /// Metadata documents that requests from one address had fetched, over all tenants: hosts do not know
    /// our tenants apart.
    DocumentAddress,
    /// Device requests from one address.
    DeviceRequestAddress,
    /// Device requests at one tenant.
    DeviceRequestTenant,
    /// User codes that one signed-in person types.
    UserCodePerson,
    /// User codes that are typed at one address.
    UserCodeAddress,
    /// User codes that are typed at one tenant.
    UserCodeTenant,
    /// Inactive tokens that one resource server asked about.
    InactiveIntrospection,
    /// Failed authentications at the admin API from one address.
    AdminFailureAddress,
    /// Calls at the admin API of one caller.
    AdminCalls,
}

impl Limit {
    pub const ALL: [Self; 18] = [
        Self::LoginAccount,
        Self::LoginAddress,
        Self::LoginTenant,
        Self::ClientFailure,
        Self::ClientFailureAddress,
        Self::RegistrationAddress,
        Self::RegistrationTenant,
        Self::RegistrationUpdate,
        Self::RegistrationTokenFailure,
        Self::DocumentAddress,
        Self::DeviceRequestAddress,
        Self::DeviceRequestTenant,
        Self::UserCodePerson,
        Self::UserCodeAddress,
        Self::UserCodeTenant,
        Self::InactiveIntrospection,
        Self::AdminFailureAddress,
        Self::AdminCalls,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginAccount => "login_account",
            Self::LoginAddress => "login_address",
            Self::LoginTenant => "login_tenant",
            Self::ClientFailure => "client_failure",
            Self::ClientFailureAddress => "client_failure_address",
            Self::RegistrationAddress => "registration_address",
            Self::RegistrationTenant => "registration_tenant",
            Self::RegistrationUpdate => "registration_update",
            Self::RegistrationTokenFailure => "registration_token_failure",
            Self::DocumentAddress => "document_address",
            Self::DeviceRequestAddress => "device_request_address",
            Self::DeviceRequestTenant => "device_request_tenant",
            Self::UserCodePerson => "user_code_person",
            Self::UserCodeAddress => "user_code_address",
            Self::UserCodeTenant => "user_code_tenant",
            Self::InactiveIntrospection => "inactive_introspection",
            Self::AdminFailureAddress => "admin_failure_address",
            Self::AdminCalls => "admin_calls",
        }
    }
}

/// So many at once, and as many again over each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub burst: NonZeroU32,
    pub period: Duration,
}

impl Quota {
    /// `burst` below one counts as one, `period` below a millisecond as a millisecond.
    pub const fn new(burst: u32, period: Duration) -> Self {
        let burst = match NonZeroU32::new(burst) {
            Some(burst) => burst,
            None => NonZeroU32::MIN,
        };
        let period = if period.is_zero() {
            Duration::from_millis(1)
        } else {
            period
        };
        Self { burst, period }
    }

    /// What holds while the shared count is lost: half of it.
    fn tightened(self) -> Self {
        Self::new(self.burst.get() / 2, self.period)
    }
}

/// The quota of every limit.
#[derive(Debug, Clone, Copy)]
pub struct LimitSettings {
    pub login_account: Quota,
    pub login_address: Quota,
    pub login_tenant: Quota,
    pub client_failure: Quota,
    pub client_failure_address: Quota,
    pub registration_address: Quota,
    pub registration_tenant: Quota,
    pub registration_update: Quota,
    pub registration_token_failure: Quota,
    pub document_address: Quota,
    pub device_request_address: Quota,
    pub device_request_tenant: Quota,
    pub user_code_person: Quota,
    pub user_code_address: Quota,
    pub user_code_tenant: Quota,
    pub inactive_introspection: Quota,
    pub admin_failure_address: Quota,
    pub admin_calls: Quota,
}

impl Default for LimitSettings {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_mins(1);
        const HOUR: Duration = Duration::from_hours(1);
        Self {
            login_account: Quota::new(10, Duration::from_mins(5)),
            // Offices and hosted clients share an address: generous.
            login_address: Quota::new(100, MINUTE),
            login_tenant: Quota::new(1_000, MINUTE),
            client_failure: Quota::new(30, MINUTE),
            client_failure_address: Quota::new(60, MINUTE),
            registration_address: Quota::new(300, HOUR),
            registration_tenant: Quota::new(3_000, HOUR),
            // Each one writes, and is told to every replica.
            registration_update: Quota::new(10, MINUTE),
            registration_token_failure: Quota::new(30, MINUTE),
            // One person connects few new applications; an office more. Below what `outbound` asks of one
            // host in a minute, so that one address cannot spend that for everybody.
            document_address: Quota::new(30, MINUTE),
            // Each one writes a row, and a build farm shares an address.
            device_request_address: Quota::new(60, MINUTE),
            device_request_tenant: Quota::new(600, MINUTE),
            // RFC 8628 §5.1: of 20^8 codes, guessers at one tenant try some 3,000 while a code lives: with a thousand
            // codes out at once, one in eight thousand such spells finds any.
            user_code_person: Quota::new(10, Duration::from_mins(5)),
            user_code_address: Quota::new(30, Duration::from_mins(5)),
            user_code_tenant: Quota::new(300, MINUTE),
            inactive_introspection: Quota::new(600, MINUTE),
            admin_failure_address: Quota::new(30, MINUTE),
            admin_calls: Quota::new(6_000, MINUTE),
        }
    }
}

impl LimitSettings {
    const fn quota_of(&self, limit: Limit) -> Quota {
        match limit {
            Limit::LoginAccount => self.login_account,
            Limit::LoginAddress => self.login_address,
            Limit::LoginTenant => self.login_tenant,
            Limit::ClientFailure => self.client_failure,
            Limit::ClientFailureAddress => self.client_failure_address,
            Limit::RegistrationAddress => self.registration_address,
            Limit::RegistrationTenant => self.registration_tenant,
            Limit::RegistrationUpdate => self.registration_update,
            Limit::RegistrationTokenFailure => self.registration_token_failure,
            Limit::DocumentAddress => self.document_address,
            Limit::DeviceRequestAddress => self.device_request_address,
            Limit::DeviceRequestTenant => self.device_request_tenant,
            Limit::UserCodePerson => self.user_code_person,
            Limit::UserCodeAddress => self.user_code_address,
            Limit::UserCodeTenant => self.user_code_tenant,
            Limit::InactiveIntrospection => self.inactive_introspection,
            Limit::AdminFailureAddress => self.admin_failure_address,
            Limit::AdminCalls => self.admin_calls,
        }
    }
}

/// Too many tries: 429 with `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit {} is reached", limit.as_str())]
pub struct RateLimited {
    pub limit: Limit,
    pub retry_after: Duration,
}

impl RateLimited {
    /// For the header: whole seconds, at least one.
    pub fn retry_after_seconds(&self) -> u64 {
        self.retry_after.as_secs().max(1)
    }
}

/// What is left after a try that counted: of this replica's count, which with Redis is the most there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub quota: Quota,
    pub remaining: u32,
}

impl Allowance {
    /// Until all of it is there again, when nobody tries meanwhile.
    pub fn full_in(&self) -> Duration {
        let used = self.quota.burst.get().saturating_sub(self.remaining);
        self.quota.period / self.quota.burst.get() * used
    }
}

/// All limits of this replica.
pub struct Limits {
    kinds: Vec<Kind>,
    shared: Option<SharedLimits>,
    metrics: Arc<Metrics>,
}

struct Kind {
    quota: Quota,
    normal: KeyedCells,
    tightened: KeyedCells,
}

impl Limits {
    pub(crate) fn new(
        settings: &LimitSettings,
        shared: Option<SharedLimits>,
        clock: &Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let kinds = Limit::ALL
            .iter()
            .map(|limit| {
                let quota = settings.quota_of(*limit);
                Kind {
                    quota,
                    normal: KeyedCells::new(quota, LimitClock(Arc::clone(clock))),
                    tightened: KeyedCells::new(quota.tightened(), LimitClock(Arc::clone(clock))),
                }
            })
            .collect();
        Self {
            kinds,
            shared,
            metrics,
        }
    }

    /// Takes one try from the allowance of `key`. `tenant_id` keeps tenants apart; only limits
    /// above tenants have none.
    pub async fn take(
        &self,
        limit: Limit,
        tenant_id: Option<TenantId>,
        key: &str,
    ) -> Result<(), RateLimited> {
        self.take_counted(limit, tenant_id, key).await.map(drop)
    }

    /// The same, and says what is left.
    pub async fn take_counted(
        &self,
        limit: Limit,
        tenant_id: Option<TenantId>,
        key: &str,
    ) -> Result<Allowance, RateLimited> {
        let kind = &self.kinds[limit as usize];
        let full_key = full_key(limit, tenant_id, key);
        let outcome = match kind.normal.take(full_key.as_bytes()) {
            Err(wait) => Err(wait),
            Ok(remaining) => self.take_shared(kind, &full_key).await.map(|()| Allowance {
                quota: kind.quota,
                remaining,
            }),
        };
        outcome.map_err(|retry_after| {
            self.metrics
                .rate_limited
                .with_label_values(&[limit.as_str()])
                .inc();
            RateLimited { limit, retry_after }
        })
    }

    /// How many there may be, for who is told so.
    pub fn quota(&self, limit: Limit) -> Quota {
        self.kinds[limit as usize].quota
    }

    /// The same by address.
    pub async fn take_by_address(
        &self,
        limit: Limit,
        tenant_id: Option<TenantId>,
        address: IpAddr,
    ) -> Result<(), RateLimited> {
        self.take(limit, tenant_id, &address_key(address)).await
    }

    async fn take_shared(&self, kind: &Kind, full_key: &str) -> Result<(), Duration> {
        let Some(shared) = &self.shared else {
            return Ok(());
        };
        match shared
            .take(full_key, kind.quota.burst, kind.quota.period)
            .await
        {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::debug!(%error, "the shared limits did not answer");
                self.metrics.shared_limit_errors.inc();
                kind.tightened.take(full_key.as_bytes()).map(drop)
            }
        }
    }
}

/// Kind and tenant are part of every key: one tenant's tries never count against another's.
fn full_key(limit: Limit, tenant_id: Option<TenantId>, key: &str) -> String {
    match tenant_id {
        Some(tenant_id) => format!("{}:{tenant_id}:{key}", limit.as_str()),
        None => format!("{}::{key}", limit.as_str()),
    }
}

/// A person has a whole /64 of IPv6 at hand, so that is what is counted.
pub(crate) fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests;
