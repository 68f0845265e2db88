//! Tenants. A [`Tenant`] is only ever made from a row of the registry.

mod registry;
mod row;
mod settings;
mod settings_columns;

use std::sync::Arc;

use protocol::{Issuer, Slug, TenantId, Timestamp};

use row::TenantRow;
pub(crate) use row::{from_seconds, to_seconds};
pub use settings::{
    ClientDocumentPolicy, DocumentMode, RegistrationRules, SoftwareStatementIssuer, TenantSettings,
    TenantTolerances,
};

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
    deleted_after: Option<Timestamp>,
    is_system: bool,
    settings: TenantSettings,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantState {
    Active,
    /// Resolves to nothing in public; its rows are kept.
    Suspended,
    /// As suspended, until it is deleted or taken back.
    Deleting,
    /// Gone for good; a job removes its rows, and its slug and issuer stay taken.
    Deleted,
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

    /// When it may go, of one that is to be deleted.
    pub fn deleted_after(&self) -> Option<Timestamp> {
        self.0.deleted_after
    }

    pub fn is_active(&self) -> bool {
        self.0.state == TenantState::Active
    }

    /// Whether its users administer the installation.
    pub fn is_system(&self) -> bool {
        self.0.is_system
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
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Deleted]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}
