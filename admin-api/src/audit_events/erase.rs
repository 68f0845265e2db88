//! POST …/audit-events/erasures.

use authority::audit::{EventType, erasure};
use protocol::UserId;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Audit;
use crate::problem::{Faults, Problem};
use crate::request::Body;

/// Whose data is to be taken out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAuditErasure, example = json!({"user": "01890a5d-ac96-774b-bcce-b302099a8057"}))]
pub struct ErasureBody {
    /// The id that the person had; their account is deleted.
    user: String,
}

/// Erase a person from the audit
///
/// Names, e-mail addresses and network addresses go from the events about a person and by them, within minutes. The
/// events stay, with the person's id, which leads nowhere any more. The account has to be deleted before: what it
/// does afterwards would be recorded again. `audit_events.erased` in the audit says when it is done.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/audit-events/erasures",
    tag = "audit-events",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = ErasureBody,
    responses((status = 204, description = "It is going to be done.")),
)]
pub async fn erase_person_from_audit(
    access: TenantWrite<Audit>,
    api: Api,
    Body(body): Body<ErasureBody>,
) -> Result<Committed<Done>, Problem> {
    let mut faults = Faults::default();
    let user_id: Option<UserId> = body.user.parse().ok();
    if user_id.is_none() {
        faults.add("user", "The id that the person had.");
    }
    faults.finish()?;
    let user_id = user_id.ok_or_else(|| Problem::internal("an id that is none"))?;
    let mut scope = access.open(&api).await?;
    let now = api.now();
    if scope.find_user(user_id).await?.is_some() {
        return Err(Problem::conflict(
            "user",
            "This person's account is still there: delete it first (DELETE …/users/{id}).",
        ));
    }
    erasure::request(&mut scope, user_id, now).await?;
    let target = audit::target("user", &user_id);
    let changes = Changes::created(&json!({"user": user_id.to_string()}));
    let recorded = scope
        .record(EventType::AuditErasureRequested, target, changes)
        .await?;
    recorded.commit(Done).await
}
