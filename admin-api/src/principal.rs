//! Who is calling, and what they may do: the first argument of every handler.
//!
//! `TenantWrite<Clients>` reads: whoever may write clients, for the platform or for the tenant of the path. Another
//! tenant's things are *not found*, never *forbidden*; only what the caller can see anyway may be forbidden.
//!
//! A change is made in what `open` gives ([`Mutation`]), and nowhere else: with everything that changes have in
//! common. Reading is done in what `read` gives.
//!
//! To add one more rule: a type here with its `Access`; handlers then name it.

mod access;
mod authenticate;
mod bearer;
mod caller;
pub mod kinds;

use std::future::Future;
use std::marker::PhantomData;

use store::{PlatformScope, Tenant, TenantScope, Waiting};

pub use access::{Access, Rule};
pub use caller::{Caller, Identity};

use crate::api::Api;
use crate::call::Call;
use crate::mutation::{Irreversible, Mutation, Place};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::request::Incoming;
use authenticate::{admit, admit_to_tenant};
use kinds::Kind;

pub trait Principal: Sized {
    const RULE: Rule;

    fn authorize(incoming: &mut Incoming) -> impl Future<Output = Result<Self, Problem>>;

    fn caller(&self) -> &Caller;

    /// What a change says besides path and body; nothing is said by who only reads.
    fn call(&self) -> Option<&Call>;

    /// Where the answer to a change is kept.
    fn place(&self) -> Place {
        Place::Platform
    }
}

const fn rule_of<K: Kind>(access: Access) -> Rule {
    Rule {
        access,
        object: K::OBJECT,
    }
}

/// Somebody of the platform, to read.
pub struct PlatformRead<K> {
    pub caller: Caller,
    kind: PhantomData<K>,
}

impl<K: Kind> Principal for PlatformRead<K> {
    const RULE: Rule = rule_of::<K>(Access::PlatformRead);

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        let caller = admit(incoming, Self::RULE).await?;
        Ok(Self {
            caller,
            kind: PhantomData,
        })
    }

    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn call(&self) -> Option<&Call> {
        None
    }
}

impl<K: Kind> PlatformRead<K> {
    pub async fn read(&self, api: &Api) -> Result<Reading<PlatformScope>, Problem> {
        Reading::of_platform(api).await
    }
}

/// Somebody of the platform, to write.
pub struct PlatformWrite<K> {
    pub caller: Caller,
    call: Call,
    kind: PhantomData<K>,
}

impl<K: Kind> Principal for PlatformWrite<K> {
    const RULE: Rule = rule_of::<K>(Access::PlatformWrite);

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        let caller = admit(incoming, Self::RULE).await?;
        let call = Call::read(incoming).await?;
        Ok(Self {
            caller,
            call,
            kind: PhantomData,
        })
    }

    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn call(&self) -> Option<&Call> {
        Some(&self.call)
    }
}

impl<K: Kind> PlatformWrite<K> {
    pub async fn read(&self, api: &Api) -> Result<Reading<PlatformScope>, Problem> {
        Reading::of_platform(api).await
    }

    /// What stands above tenants, for one change.
    pub async fn open(&self, api: &Api) -> Result<Mutation<PlatformScope>, Problem> {
        let scope = api.database().platform().await?;
        Ok(Mutation::new(scope, api, self))
    }

    /// For what cannot be undone once it is done: a dry run ends here.
    pub fn irreversible(&self, api: &Api) -> Result<Irreversible, Problem> {
        Irreversible::new(api, self)
    }
}

/// Anybody who sees this tenant, to read.
pub struct TenantRead<K> {
    pub caller: Caller,
    /// `{tenant}` of the path; suspended ones included.
    pub tenant: Tenant,
    kind: PhantomData<K>,
}

impl<K: Kind> Principal for TenantRead<K> {
    const RULE: Rule = rule_of::<K>(Access::TenantRead);

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        let (caller, tenant) = admit_to_tenant(incoming, Self::RULE).await?;
        Ok(Self {
            caller,
            tenant,
            kind: PhantomData,
        })
    }

    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn call(&self) -> Option<&Call> {
        None
    }
}

impl<K: Kind> TenantRead<K> {
    pub async fn read(&self, api: &Api) -> Result<Reading<TenantScope>, Problem> {
        Reading::of_tenant(api, &self.tenant).await
    }
}

/// Anybody who sees this tenant, to write.
pub struct TenantWrite<K> {
    pub caller: Caller,
    /// `{tenant}` of the path; suspended ones included.
    pub tenant: Tenant,
    call: Call,
    kind: PhantomData<K>,
}

impl<K: Kind> Principal for TenantWrite<K> {
    const RULE: Rule = rule_of::<K>(Access::TenantWrite);

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        let (caller, tenant) = admit_to_tenant(incoming, Self::RULE).await?;
        let call = Call::read(incoming).await?;
        Ok(Self {
            caller,
            tenant,
            call,
            kind: PhantomData,
        })
    }

    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn call(&self) -> Option<&Call> {
        Some(&self.call)
    }

    fn place(&self) -> Place {
        Place::Tenant(self.tenant.clone())
    }
}

impl<K: Kind> TenantWrite<K> {
    pub async fn read(&self, api: &Api) -> Result<Reading<TenantScope>, Problem> {
        Reading::of_tenant(api, &self.tenant).await
    }

    /// The tenant's rows, for one change of its administrators at a time. A moment that is written is read after
    /// this: it may have waited, and what came before it is the past.
    pub async fn open(&self, api: &Api) -> Result<Mutation<TenantScope>, Problem> {
        let scope = api
            .database()
            .tenant_in_line(&self.tenant, Waiting::Administrator)
            .await?;
        Ok(Mutation::new(scope, api, self))
    }

    /// For what the registry above tenants says about this one.
    pub async fn open_platform(&self, api: &Api) -> Result<Mutation<PlatformScope>, Problem> {
        let scope = api.database().platform().await?;
        Ok(Mutation::new(scope, api, self))
    }
}

/// Somebody of the platform, to decide about a tenant as a whole.
pub struct PlatformTenantWrite<K> {
    pub caller: Caller,
    /// `{tenant}` of the path; suspended ones included.
    pub tenant: Tenant,
    call: Call,
    kind: PhantomData<K>,
}

impl<K: Kind> Principal for PlatformTenantWrite<K> {
    const RULE: Rule = rule_of::<K>(Access::PlatformTenantWrite);

    async fn authorize(incoming: &mut Incoming) -> Result<Self, Problem> {
        let (caller, tenant) = admit_to_tenant(incoming, Self::RULE).await?;
        let call = Call::read(incoming).await?;
        Ok(Self {
            caller,
            tenant,
            call,
            kind: PhantomData,
        })
    }

    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn call(&self) -> Option<&Call> {
        Some(&self.call)
    }
}

impl<K: Kind> PlatformTenantWrite<K> {
    /// What stands above tenants, for one change.
    pub async fn open(&self, api: &Api) -> Result<Mutation<PlatformScope>, Problem> {
        let scope = api.database().platform().await?;
        Ok(Mutation::new(scope, api, self))
    }
}
