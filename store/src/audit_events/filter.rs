//! Events by what they are looked for by. Whatever is asked for, one of its members leads along an index of its own;
//! the others choose among what lies there.
//!
//! To add a member: a field, its index, its statement in [`TenantScope::list_audit_events`] by its place in the order
//! (what leads to fewest events first), and its condition in the macro.

use protocol::{ClientId, Timestamp, UserId};
use time::OffsetDateTime;

use super::{AuditCursor, AuditEvent};
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

/// Which of them; what is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub event_type: Option<String>,
    pub actor: Option<AuditActor>,
    /// Kind and id.
    pub target: Option<(String, String)>,
    /// About the client, or by it.
    pub client_id: Option<ClientId>,
    /// About the person, or by them.
    pub user_id: Option<UserId>,
    pub request_id: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditActor {
    pub kind: String,
    /// Of those that have one.
    pub id: Option<String>,
}

/// A statement that is led by `$lead`, and binds all members.
macro_rules! list_filtered {
    ($scope:ident, $filter:ident, $page:ident, $lead:literal) => {{
        let (after, limit) = $page;
        let (occurred_at, event_id) = AuditCursor::columns(after);
        // Both ends of the time are of the index: the page begins where the later of them is.
        let from = $filter.from.map_or(OffsetDateTime::UNIX_EPOCH, Into::into);
        let to = $filter.to.map_or(occurred_at, |to| occurred_at.min(to.into()));
        let event_id = if to < occurred_at { uuid::Uuid::nil() } else { event_id };
        let rows = sqlx::query_as!(
            super::AuditRow,
            "select event_id, occurred_at, event_type, actor_kind, actor_id, target_kind, target_id,
                 request_id, host(address) as address, details
             from audit_events where tenant_id = $1 and "
                + $lead
                + " and occurred_at >= $4 and (occurred_at, event_id) < ($2, $3)
               and ($5::text is null or event_type = $5)
               and ($6::text is null or actor_kind = $6) and ($7::text is null or actor_id = $7)
               and ($8::text is null or target_kind = $8) and ($9::text is null or target_id = $9)
               and ($10::text is null or client_id = $10)
               and ($11::uuid is null or user_id = $11)
               and ($12::text is null or request_id = $12)
             order by occurred_at desc, event_id desc limit $13",
            $scope.tenant_id(),
            to,
            event_id,
            from,
            $filter.event_type,
            $filter.actor.as_ref().map(|actor| actor.kind.as_str()),
            $filter.actor.as_ref().and_then(|actor| actor.id.as_deref()),
            $filter.target.as_ref().map(|(kind, _)| kind.as_str()),
            $filter.target.as_ref().map(|(_, id)| id.as_str()),
            $filter.client_id.as_ref().map(ClientId::as_str),
            $filter.user_id.map(|user_id| user_id.as_uuid()),
            $filter.request_id,
            i64::from(limit),
        );
        answer!($scope, rows, fetch_all)?
    }};
}

impl TenantScope {
    /// The newest first.
    pub async fn list_audit_events(
        &mut self,
        filter: &AuditFilter,
        after: Option<AuditCursor>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let page = (after, limit);
        let rows = match filter.lead() {
            Lead::Request => list_filtered!(self, filter, page, "request_id = $12"),
            Lead::Target => {
                list_filtered!(self, filter, page, "target_kind = $8 and target_id = $9")
            }
            Lead::Actor => {
                list_filtered!(
                    self,
                    filter,
                    page,
                    "actor_id = $7 and actor_kind <> 'client'"
                )
            }
            Lead::User => list_filtered!(self, filter, page, "user_id = $11"),
            // Its own events carry its id there, too.
            Lead::ActingClient => list_filtered!(self, filter, page, "client_id = $7"),
            Lead::Client => list_filtered!(self, filter, page, "client_id = $10"),
            Lead::Nobody => {
                list_filtered!(self, filter, page, "actor_kind = $6 and actor_id is null")
            }
            Lead::Type => list_filtered!(self, filter, page, "event_type = $5"),
            Lead::Time => list_filtered!(self, filter, page, "event_id is not null"),
        };
        rows.into_iter().map(AuditEvent::try_from).collect()
    }
}

/// What leads to the events.
enum Lead {
    Request,
    Target,
    Actor,
    User,
    ActingClient,
    Client,
    /// An actor that has no id: the bootstrap key, the command line, Writ itself.
    Nobody,
    Type,
    Time,
}

impl AuditFilter {
    fn lead(&self) -> Lead {
        let actor = self.actor.as_ref();
        let has_id = actor.is_some_and(|actor| actor.id.is_some());
        let is_client = actor.is_some_and(|actor| actor.kind == "client");
        if self.request_id.is_some() {
            Lead::Request
        } else if self.target.is_some() {
            Lead::Target
        } else if has_id && !is_client {
            Lead::Actor
        } else if self.user_id.is_some() {
            Lead::User
        } else if has_id {
            Lead::ActingClient
        } else if self.client_id.is_some() {
            Lead::Client
        } else if actor.is_some() {
            Lead::Nobody
        } else if self.event_type.is_some() {
            Lead::Type
        } else {
            Lead::Time
        }
    }
}
