//! DELETE /admin/v1/issuer-hosts/{id}.

use authority::audit::EventType;
use protocol::IssuerHostId;

use crate::api::Api;
use crate::audit::Changes;
use crate::issuer_hosts::{self, IssuerHostOut};
use crate::operation::{Committed, Done};
use crate::principal::PlatformWrite;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::request::Id;

/// Release a host
///
/// The claim is gone. Not while a tenant's issuer is there; where one was, nobody can claim the host again, since tokens
/// and clients may still name it.
#[utoipa::path(
    delete,
    path = "/admin/v1/issuer-hosts/{id}",
    tag = "issuer-hosts",
    params(("id" = String, Path, description = "The claim's id.")),
    responses((status = 204, description = "Released.")),
)]
pub async fn release_issuer_host(
    access: PlatformWrite<Tenants>,
    api: Api,
    Id(issuer_host_id): Id<IssuerHostId>,
) -> Result<Committed<Done>, Problem> {
    let mut reading = access.read(&api).await?;
    let found = reading.find_issuer_host(issuer_host_id).await?;
    reading.end().await?;
    let host = found.ok_or_else(issuer_hosts::unknown)?.host;
    let mut platform = access.open(&api).await?;
    platform.wait_for_issuer_host(host.as_str()).await?;
    let found = platform.find_issuer_host(issuer_host_id).await?;
    let claim = found.ok_or_else(issuer_hosts::unknown)?;
    if claim.verified_at.is_some()
        && let Some(tenant) = platform.find_tenant_at_host(host.as_str()).await?
    {
        return Err(Problem::conflicting_state(format!(
            "{host} is the host of {}, the issuer of the tenant {}. It can be released once that is deleted.",
            tenant.issuer(),
            tenant.slug(),
        )));
    }
    if !platform.delete_issuer_host(issuer_host_id).await? {
        return Err(issuer_hosts::unknown());
    }
    let shown = IssuerHostOut::new(&claim, api.now());
    let recorded = platform
        .record(
            EventType::IssuerHostReleased,
            issuer_hosts::target(&claim),
            Changes::deleted(&shown),
        )
        .await?;
    recorded.commit(Done).await
}
