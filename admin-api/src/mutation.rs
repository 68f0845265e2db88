//! A change on its one way: opened, recorded, committed. What every change has in common happens in here and never
//! in a handler:
//! - a change is an audit event in the same transaction, or nothing is committed (row N8);
//! - `If-Match` is compared with what the change found (RFC 9110 §13.1.1);
//! - a dry run does everything and undoes it;
//! - the answer to a call with an `Idempotency-Key` is kept with the change.
//!
//! `access.open(&api)` → [`Mutation`], which is the scope of the transaction as well → `record` → [`Recorded`] →
//! `commit(answer)` → [`Committed`], the only thing that a writing operation can answer with.
//!
//! What was so already is left as it is: [`Mutation::leave`].

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use authority::Authority;
use authority::audit::{AuditEvent, EventType, Target};
use serde::Serialize;
use store::{AuditCursor, PlatformScope, StoreError, Tenant, TenantScope};

use crate::answer::{Answer, Rendered};
use crate::api::Api;
use crate::audit::{self, Changes};
use crate::call::Call;
use crate::etag;
use crate::idempotency;
use crate::principal::{Caller, Principal};
use crate::problem::{Problem, ProblemKind};

/// Where answers are kept that may be asked for again.
#[derive(Debug, Clone)]
pub enum Place {
    Platform,
    Tenant(Tenant),
}

type AfterCommit = Box<dyn FnOnce(&Authority)>;

/// What is known about the call while its change is made.
struct Context {
    api: Api,
    caller: Caller,
    call: Call,
    place: Place,
}

impl Context {
    fn new(api: &Api, principal: &impl Principal) -> Self {
        Self {
            api: api.clone(),
            caller: principal.caller().clone(),
            call: principal.call().cloned().unwrap_or_default(),
            place: principal.place(),
        }
    }

    fn require_match(&self, current: Option<&str>) -> Result<(), Problem> {
        match (&self.call.if_match, current) {
            (None, _) => Ok(()),
            (Some(condition), Some(current)) if condition.holds_strongly(current) => Ok(()),
            (Some(_), current) => Err(etag::failed(current)),
        }
    }
}

/// A transaction in which something is going to be changed.
#[must_use]
pub struct Mutation<Scope> {
    scope: Scope,
    context: Context,
}

/// The change is in the audit; it may be committed.
#[must_use]
pub struct Recorded<Scope> {
    scope: Scope,
    context: Context,
    /// Of what the first event showed, as it is now.
    etag: Option<String>,
    /// The last one that was written.
    event: Option<AuditCursor>,
    after_commit: Vec<AfterCommit>,
}

/// What a writing operation answers with: done, or done and undone.
#[must_use]
pub struct Committed<A> {
    rendered: Rendered,
    answer: PhantomData<A>,
}

/// A transaction that can be undone.
pub trait RollBack {
    async fn roll_back(self) -> Result<(), StoreError>;
}

impl RollBack for TenantScope {
    async fn roll_back(self) -> Result<(), StoreError> {
        Self::roll_back(self).await
    }
}

impl RollBack for PlatformScope {
    async fn roll_back(self) -> Result<(), StoreError> {
        Self::roll_back(self).await
    }
}

impl<Scope> Mutation<Scope> {
    pub(crate) fn new(scope: Scope, api: &Api, principal: &impl Principal) -> Self {
        Self {
            scope,
            context: Context::new(api, principal),
        }
    }

    /// Before something is done that needs it to be so; `record` looks at it in any case.
    pub fn require_match(&self, before: &impl Serialize) -> Result<(), Problem> {
        self.context.require_match(etag::of(before).as_deref())
    }

    fn recorded(self, etag: Option<String>) -> Recorded<Scope> {
        Recorded {
            scope: self.scope,
            context: self.context,
            etag,
            event: None,
            after_commit: Vec::new(),
        }
    }
}

impl<Scope: RollBack> Mutation<Scope> {
    /// It was so already: nothing is changed, and what may have been is undone.
    pub async fn leave<A: Answer>(
        self,
        shown: &impl Serialize,
        answer: A,
    ) -> Result<Committed<A>, Problem> {
        self.require_match(shown)?;
        let rendered = answer.render()?;
        self.scope.roll_back().await?;
        self.context.keep_alone(&rendered).await?;
        Ok(self.context.answered(rendered))
    }
}

impl Mutation<TenantScope> {
    /// Nothing is committed without this: who, what, on what, before and after.
    pub async fn record(
        mut self,
        event_type: EventType,
        target: Target,
        changes: Changes,
    ) -> Result<Recorded<TenantScope>, Problem> {
        self.context
            .require_match(changes.etag_before().as_deref())?;
        let etag = changes.etag_after();
        let (api, caller) = (&self.context.api, &self.context.caller);
        let event = audit::event(api, caller, event_type, target, changes);
        self.scope.insert_audit_event(&event).await?;
        let mut recorded = self.recorded(etag);
        recorded.event = Some(event.cursor());
        Ok(recorded)
    }

    /// The events of a deed that says itself what is to be recorded, about what was there `before`.
    pub async fn record_events(
        mut self,
        events: Vec<AuditEvent>,
        before: Option<&impl Serialize>,
    ) -> Result<Recorded<TenantScope>, Problem> {
        let current = before.and_then(etag::of);
        self.context.require_match(current.as_deref())?;
        for event in events {
            let row = event.into_row(self.context.api.random());
            self.scope.insert_audit_event(&row).await?;
        }
        Ok(self.recorded(None))
    }

    /// Goes on in the same transaction above tenants.
    pub async fn into_platform(self) -> Result<Mutation<PlatformScope>, Problem> {
        Ok(Mutation {
            scope: self.scope.into_platform().await?,
            context: self.context,
        })
    }

    /// Nothing is changed, and this has let go of every lock when it returns.
    pub async fn end(self) -> Result<(), Problem> {
        Ok(self.scope.roll_back().await?)
    }
}

impl Mutation<PlatformScope> {
    /// Nothing is committed without this: who, what, on what, before and after.
    pub async fn record(
        self,
        event_type: EventType,
        target: Target,
        changes: Changes,
    ) -> Result<Recorded<PlatformScope>, Problem> {
        self.record_about(None, event_type, target, changes).await
    }

    /// The same, about one tenant.
    pub async fn record_about(
        mut self,
        tenant: Option<&Tenant>,
        event_type: EventType,
        target: Target,
        changes: Changes,
    ) -> Result<Recorded<PlatformScope>, Problem> {
        self.context
            .require_match(changes.etag_before().as_deref())?;
        let etag = changes.etag_after();
        let (api, caller) = (&self.context.api, &self.context.caller);
        let event = audit::event(api, caller, event_type, target, changes);
        self.scope
            .insert_platform_audit_event(tenant, &event)
            .await?;
        Ok(self.recorded(etag))
    }

    /// An event above tenants of a change that is then recorded among the tenant's own.
    pub async fn also_record_about(
        &mut self,
        tenant: &Tenant,
        event_type: EventType,
        target: Target,
        changes: Changes,
    ) -> Result<(), Problem> {
        let (api, caller) = (&self.context.api, &self.context.caller);
        let event = audit::event(api, caller, event_type, target, changes);
        Ok(self
            .scope
            .insert_platform_audit_event(Some(tenant), &event)
            .await?)
    }

    /// Goes on in the same transaction among one tenant's rows.
    pub async fn into_tenant(self, tenant: &Tenant) -> Result<Mutation<TenantScope>, Problem> {
        Ok(Mutation {
            scope: self.scope.into_tenant(tenant).await?,
            context: self.context,
        })
    }
}

impl<Scope> Recorded<Scope> {
    /// Once it is so, and only then: what is counted, who is told. Not in a dry run.
    pub fn after_commit(mut self, deed: impl FnOnce(&Authority) + 'static) -> Self {
        self.after_commit.push(Box::new(deed));
        self
    }
}

impl Recorded<TenantScope> {
    /// Where the event of the change is.
    pub const fn event(&self) -> Option<AuditCursor> {
        self.event
    }

    /// One more event of the same change.
    pub async fn record(
        &mut self,
        event_type: EventType,
        target: Target,
        changes: Changes,
    ) -> Result<(), Problem> {
        let (api, caller) = (&self.context.api, &self.context.caller);
        let event = audit::event(api, caller, event_type, target, changes);
        Ok(self.scope.insert_audit_event(&event).await?)
    }

    pub async fn commit<A: Answer>(self, answer: A) -> Result<Committed<A>, Problem> {
        let rendered = answer.render()?.or_etag(self.etag);
        Committing::new(self.context, self.after_commit, rendered)
            .finish(Opened::Tenant(self.scope))
            .await
    }
}

impl Recorded<PlatformScope> {
    /// One more event of the same change.
    pub async fn record_about(
        &mut self,
        tenant: Option<&Tenant>,
        event_type: EventType,
        target: Target,
        changes: Changes,
    ) -> Result<(), Problem> {
        let (api, caller) = (&self.context.api, &self.context.caller);
        let event = audit::event(api, caller, event_type, target, changes);
        Ok(self
            .scope
            .insert_platform_audit_event(tenant, &event)
            .await?)
    }

    pub async fn commit<A: Answer>(self, answer: A) -> Result<Committed<A>, Problem> {
        let rendered = answer.render()?.or_etag(self.etag);
        Committing::new(self.context, self.after_commit, rendered)
            .finish(Opened::Platform(self.scope))
            .await
    }
}

/// Either kind of transaction, for what is the same in both.
pub(crate) enum Opened {
    Tenant(TenantScope),
    Platform(PlatformScope),
}

impl Opened {
    async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Tenant(scope) => scope.commit().await,
            Self::Platform(scope) => scope.commit().await,
        }
    }

    async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Self::Tenant(scope) => scope.roll_back().await,
            Self::Platform(scope) => scope.roll_back().await,
        }
    }
}

struct Committing {
    context: Context,
    after_commit: Vec<AfterCommit>,
    rendered: Rendered,
}

impl Committing {
    const fn new(context: Context, after_commit: Vec<AfterCommit>, rendered: Rendered) -> Self {
        Self {
            context,
            after_commit,
            rendered,
        }
    }

    async fn finish<A>(self, opened: Opened) -> Result<Committed<A>, Problem> {
        if self.context.call.is_dry_run {
            opened.roll_back().await?;
            return Ok(self.context.answered(self.rendered));
        }
        let opened = self.context.keep(opened, &self.rendered).await?;
        opened.commit().await?;
        for deed in self.after_commit {
            deed(self.context.api.authority());
        }
        Ok(self.context.answered(self.rendered))
    }
}

impl Context {
    /// Keeps the answer in the transaction of the change.
    async fn keep(&self, opened: Opened, rendered: &Rendered) -> Result<Opened, Problem> {
        match &self.call.idempotent {
            None => Ok(opened),
            Some(call) => {
                let now = self.api.now();
                let answer = call.seal(&self.caller, &self.place, rendered, now)?;
                idempotency::keep(opened, &self.place, &answer, now).await
            }
        }
    }

    /// The same where there is no change to keep it with.
    async fn keep_alone(&self, rendered: &Rendered) -> Result<(), Problem> {
        if self.call.idempotent.is_none() || self.call.is_dry_run {
            return Ok(());
        }
        let database = self.api.database();
        let opened = match &self.place {
            Place::Platform => Opened::Platform(database.platform().await?),
            Place::Tenant(tenant) => Opened::Tenant(database.tenant(tenant).await?),
        };
        let opened = self.keep(opened, rendered).await?;
        Ok(opened.commit().await?)
    }

    fn answered<A>(&self, rendered: Rendered) -> Committed<A> {
        Committed {
            rendered: Rendered {
                is_dry_run: self.call.is_dry_run,
                ..rendered
            },
            answer: PhantomData,
        }
    }
}

impl<Scope> Deref for Mutation<Scope> {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.scope
    }
}

impl<Scope> DerefMut for Mutation<Scope> {
    fn deref_mut(&mut self) -> &mut Scope {
        &mut self.scope
    }
}

impl<Scope> Deref for Recorded<Scope> {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.scope
    }
}

impl<Scope> DerefMut for Recorded<Scope> {
    fn deref_mut(&mut self) -> &mut Scope {
        &mut self.scope
    }
}

/// What an operation answers with that cannot be tried.
#[must_use]
pub struct Deed<A> {
    rendered: Rendered,
    answer: PhantomData<A>,
}

impl<A: Answer> Answer for Deed<A> {
    const HAS_ETAG: bool = A::HAS_ETAG;
    const CAN_BE_TRIED: bool = false;

    fn render(self) -> Result<Rendered, Problem> {
        Ok(self.rendered)
    }
}

/// A deed in transactions of its own, or outside of any: it cannot be tried. Whoever does it writes its audit event.
#[must_use]
pub struct Irreversible {
    context: Context,
}

impl Irreversible {
    pub(crate) fn new(api: &Api, principal: &impl Principal) -> Result<Self, Problem> {
        let context = Context::new(api, principal);
        if context.call.is_dry_run {
            let detail = "What this does cannot be undone, so it cannot be tried: leave dry_run out to do it.";
            return Err(Problem::new(ProblemKind::DryRunImpossible, detail));
        }
        Ok(Self { context })
    }

    /// It is done, and in the audit.
    pub async fn done<A: Answer>(self, answer: A) -> Result<Deed<A>, Problem> {
        let rendered = answer.render()?;
        self.context.keep_alone(&rendered).await?;
        Ok(Deed {
            rendered,
            answer: PhantomData,
        })
    }
}

impl<A: Answer> Answer for Committed<A> {
    const HAS_ETAG: bool = A::HAS_ETAG;

    fn render(self) -> Result<Rendered, Problem> {
        Ok(self.rendered)
    }
}
