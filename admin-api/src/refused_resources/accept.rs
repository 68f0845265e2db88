//! POST …/refused-resources/{id}/accept.

use authority::audit::EventType;
use authority::grants::last_token_ends;
use protocol::resource::normalise;
use protocol::{RefusedIndicatorId, ResourceId};
use serde::Deserialize;
use store::{ResourceRecord, StoreError, TenantScope};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Resources;
use crate::problem::{Faults, Problem};
use crate::refused_resources;
use crate::request::{Body, Id};
use crate::resources::{self, ResourceOut, validation};

/// Which resource is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AcceptedResource, example = json!({"resource_id": "0199d2f0-6b1c-7a53-9e0f-0d5f3c2b1a00"}))]
pub struct AcceptBody {
    /// The resource that the value is another spelling of.
    resource_id: String,
}

/// Accept a refused resource
///
/// The value becomes an alias of the resource: who asks for it gets that resource's tokens. Only for what leads to
/// the same server: clients send the tokens there.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/refused-resources/{id}/accept",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The refused resource's id."),
    ),
    request_body = AcceptBody,
    responses((status = 201, description = "The resource as it is now.", body = ResourceOut)),
)]
pub async fn accept_refused_resource(
    access: TenantWrite<Resources>,
    api: Api,
    Id(indicator_id): Id<RefusedIndicatorId>,
    Body(body): Body<AcceptBody>,
) -> Result<Committed<Created<ResourceOut>>, Problem> {
    let unknown = || refused_resources::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let now = api.now();
    let found = scope.find_refused_resource_indicator(indicator_id).await?;
    let refused = found.ok_or_else(unknown)?;
    let before = find_resource(&mut scope, &body.resource_id).await?;
    let mut resource = before.resource.clone();
    let mut faults = Faults::default();
    // Kept as it was sent, so it may be anything; the rule of aliases says what can be one.
    if let Err(error) = normalise(&refused.value) {
        faults.add("id", format!("The value is no alias: {error}. Dismiss it."));
    }
    faults.finish()?;
    resource.identifiers.push(refused.value.clone());
    let mut faults = Faults::default();
    let (identifier, aliases) = (resource.identifier(), &resource.identifiers[1..]);
    validation::identifiers(&mut faults, identifier, aliases);
    faults.finish()?;
    // Whoever accepts it at the same time is told that it is gone.
    if !scope
        .delete_refused_resource_indicator(indicator_id)
        .await?
    {
        return Err(unknown());
    }
    let updated = scope.update_resource(&resource, now).await.map_err(taken)?;
    let left = updated.ok_or_else(unknown)?;
    scope
        .insert_ended_audience(&left, now, last_token_ends(now))
        .await?;
    let after = ResourceOut::new(access.tenant.issuer(), &resource, before.created_at, now);
    let target = audit::target("resource", &resource.resource_id);
    let changes = Changes::updated(&ResourceOut::of(access.tenant.issuer(), &before), &after);
    let recorded = scope
        .record(
            EventType::RefusedResourceAccepted,
            target,
            changes.noting("accepted", refused.value),
        )
        .await?;

    recorded
        .commit(Created {
            location: resources::location(access.tenant.slug(), &after.id),
            thing: after,
        })
        .await
}

/// Since it was refused, somebody has given the name away.
fn taken(error: StoreError) -> Problem {
    Problem::from_conflict(error, |constraint| {
        (constraint == "resource_identifiers_are_unique").then(|| {
            let detail = "Another resource has this name by now; dismiss the refused one.";
            ("resource_id", detail.to_owned())
        })
    })
}

/// Locked, so that what another call changes at the same time is not written back.
async fn find_resource(scope: &mut TenantScope, id: &str) -> Result<ResourceRecord, Problem> {
    let found = match id.parse::<ResourceId>() {
        Ok(resource_id) => scope.find_resource_for_update(resource_id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| {
        let mut faults = Faults::default();
        faults.add(
            "resource_id",
            "Not the id of a resource of this tenant; list its resources.",
        );
        let told = faults.finish().err();
        told.unwrap_or_else(|| Problem::internal("a fault was not told"))
    })
}
