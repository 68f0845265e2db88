//! A transaction to read in: it cannot be committed, so nothing is changed past [`crate::mutation`].

use std::ops::{Deref, DerefMut};

use store::{PlatformScope, Tenant, TenantScope};

use crate::api::Api;
use crate::problem::Problem;

/// Dropped or ended, nothing of it has happened.
#[must_use]
pub struct Reading<Scope>(Scope);

impl Reading<TenantScope> {
    pub async fn of_tenant(api: &Api, tenant: &Tenant) -> Result<Self, Problem> {
        Ok(Self(api.database().tenant(tenant).await?))
    }

    /// Has let go of its connection when it returns.
    pub async fn end(self) -> Result<(), Problem> {
        Ok(self.0.roll_back().await?)
    }
}

impl Reading<PlatformScope> {
    pub async fn of_platform(api: &Api) -> Result<Self, Problem> {
        Ok(Self(api.database().platform().await?))
    }

    /// Has let go of its connection when it returns.
    pub async fn end(self) -> Result<(), Problem> {
        Ok(self.0.roll_back().await?)
    }
}

impl<Scope> Deref for Reading<Scope> {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.0
    }
}

impl<Scope> DerefMut for Reading<Scope> {
    fn deref_mut(&mut self) -> &mut Scope {
        &mut self.0
    }
}
