//! Tenants. A [`Tenant`] is only ever made from a row of the registry.

mod registry;

use std::sync::Arc;
use std::time::Duration;

use protocol::{Issuer, ResourceId, Slug, TenantId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;

/// A tenant as its row was when it was looked up. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant(Arc<TenantRecord>);

#[derive(Debug, PartialEq, Eq)]
struct TenantRecord {
    tenant_id: TenantId,
    slug: Slug,
    display_name: String,
    issuer: Issuer,
    state: TenantState,
    settings: TenantSettings,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantState {
    Active,
    /// Resolves to nothing in public; its rows are kept.
    Suspended,
    /// Gone for good; a job removes its rows, and its slug and issuer stay taken.
    Deleted,
}

/// Who may register clients (RFC 7591).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    Open,
    Off,
}

/// What an operator may set for a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSettings {
    pub registration_policy: RegistrationPolicy,
    pub access_token_lifetime: Duration,
    pub refresh_idle_lifetime: Duration,
    pub refresh_absolute_lifetime: Duration,
    /// How long a spent refresh token still answers with its successor.
    pub refresh_grace_window: Duration,
    pub browser_session_lifetime: Duration,
    pub default_resource: Option<ResourceId>,
    /// Private-use redirect URIs that clients may register, exact.
    pub private_use_redirect_uris: Vec<String>,
}

impl Default for TenantSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            registration_policy: RegistrationPolicy::Open,
            access_token_lifetime: Duration::from_mins(15),
            refresh_idle_lifetime: 30 * DAY,
            refresh_absolute_lifetime: 365 * DAY,
            refresh_grace_window: Duration::from_mins(1),
            browser_session_lifetime: Duration::from_hours(12),
            default_resource: None,
            private_use_redirect_uris: Vec::new(),
        }
    }
}

/// A tenant to be.
#[derive(Clone, Debug)]
pub struct NewTenant {
    pub tenant_id: TenantId,
    pub slug: Slug,
    pub display_name: String,
    pub issuer: Issuer,
    pub settings: TenantSettings,
}

/// All that can change about a tenant: slug and issuer cannot.
#[derive(Clone, Debug)]
pub struct TenantUpdate {
    pub display_name: String,
    pub settings: TenantSettings,
}

impl Tenant {
    pub fn id(&self) -> TenantId {
        self.0.tenant_id
    }

    pub fn slug(&self) -> &Slug {
        &self.0.slug
    }

    pub fn display_name(&self) -> &str {
        &self.0.display_name
    }

    pub fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    pub fn state(&self) -> TenantState {
        self.0.state
    }

    pub fn is_active(&self) -> bool {
        self.0.state == TenantState::Active
    }

    pub fn settings(&self) -> &TenantSettings {
        &self.0.settings
    }

    pub fn created_at(&self) -> Timestamp {
        self.0.created_at
    }

    pub fn updated_at(&self) -> Timestamp {
        self.0.updated_at
    }
}

impl TenantState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Deleted]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

impl RegistrationPolicy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Off => "off",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Off]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

struct TenantRow {
    tenant_id: Uuid,
    slug: String,
    display_name: String,
    issuer: String,
    state: String,
    registration_policy: String,
    access_token_lifetime: i32,
    refresh_idle_lifetime: i32,
    refresh_absolute_lifetime: i32,
    refresh_grace_window: i32,
    browser_session_lifetime: i32,
    default_resource_id: Option<Uuid>,
    private_use_redirect_uris: Vec<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = StoreError;

    fn try_from(row: TenantRow) -> Result<Self, StoreError> {
        let settings = TenantSettings {
            registration_policy: RegistrationPolicy::parse(&row.registration_policy)
                .ok_or_else(|| StoreError::corrupt("tenants.registration_policy"))?,
            access_token_lifetime: from_seconds(row.access_token_lifetime)?,
            refresh_idle_lifetime: from_seconds(row.refresh_idle_lifetime)?,
            refresh_absolute_lifetime: from_seconds(row.refresh_absolute_lifetime)?,
            refresh_grace_window: from_seconds(row.refresh_grace_window)?,
            browser_session_lifetime: from_seconds(row.browser_session_lifetime)?,
            default_resource: row.default_resource_id.map(ResourceId::from_uuid),
            private_use_redirect_uris: row.private_use_redirect_uris,
        };
        Ok(Self(Arc::new(TenantRecord {
            tenant_id: TenantId::from_uuid(row.tenant_id),
            slug: Slug::parse(&row.slug).map_err(StoreError::corrupt)?,
            display_name: row.display_name,
            issuer: Issuer::parse(&row.issuer).map_err(StoreError::corrupt)?,
            state: TenantState::parse(&row.state)
                .ok_or_else(|| StoreError::corrupt("tenants.state"))?,
            settings,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })))
    }
}

/// A duration as columns keep it: whole seconds.
pub(crate) fn to_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

pub(crate) fn from_seconds(seconds: i32) -> Result<Duration, StoreError> {
    u64::try_from(seconds)
        .map(Duration::from_secs)
        .map_err(|_| StoreError::corrupt("a duration below zero"))
}
