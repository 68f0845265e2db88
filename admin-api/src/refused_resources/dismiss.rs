//! DELETE …/refused-resources/{id}.

use authority::audit::EventType;
use protocol::RefusedIndicatorId;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Done};
use crate::principal::TenantWrite;
use crate::principal::kinds::Resources;
use crate::problem::Problem;
use crate::refused_resources::{self, RefusedOut};
use crate::request::Id;

/// Dismiss a refused resource
///
/// It comes back when somebody asks for it again.
#[utoipa::path(
    delete,
    path = "/admin/v1/tenants/{tenant}/refused-resources/{id}",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The refused resource's id."),
    ),
    responses((status = 204, description = "Dismissed.")),
)]
pub async fn dismiss_refused_resource(
    access: TenantWrite<Resources>,
    api: Api,
    Id(indicator_id): Id<RefusedIndicatorId>,
) -> Result<Committed<Done>, Problem> {
    let unknown = || refused_resources::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let found = scope.find_refused_resource_indicator(indicator_id).await?;
    let before = found.ok_or_else(unknown)?;
    if !scope
        .delete_refused_resource_indicator(indicator_id)
        .await?
    {
        return Err(unknown());
    }
    let target = audit::target("refused_resource", &indicator_id);
    let recorded = scope
        .record(
            EventType::RefusedResourceDismissed,
            target,
            Changes::deleted(&RefusedOut::new(&before)),
        )
        .await?;

    recorded.commit(Done).await
}
