//! PATCH …/resources/{id}.

use authority::audit::EventType;
use authority::grants::last_token_ends;
use protocol::ResourceId;
use protocol::resource::Resource;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Resources;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::resources::{self, ResourceOut, ScopeBody, validation};
use crate::text;
use crate::wire;

/// Changes to a resource. Absent: unchanged; null: back to the default. Lists are replaced as a whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResourceChanges, example = json!({"aliases": ["https://notes.example.com/"]}))]
pub struct ResourcePatch {
    #[serde(default)]
    #[schema(value_type = text::ResourceUri)]
    identifier: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<text::ResourceUri>>)]
    aliases: Change<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = text::Words)]
    name: Change<String>,
    /// null: the identifier, as written.
    #[serde(default)]
    #[schema(value_type = Option<text::Audience>)]
    audience: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<ScopeBody>>)]
    scopes: Change<Vec<ScopeBody>>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 60, maximum = 86_400)]
    access_token_lifetime: Change<u64>,
}

impl ResourcePatch {
    fn apply_to(self, before: &Resource) -> Result<Resource, Problem> {
        let mut faults = Faults::default();
        let identifier = self.identifier.required("identifier", &mut faults);
        let identifier = identifier.unwrap_or_else(|| before.identifier().to_owned());
        let aliases = before.identifiers.iter().skip(1).cloned().collect();
        let aliases = self.aliases.apply_or(aliases, Vec::new);
        let identifiers = validation::identifiers(&mut faults, &identifier, &aliases);
        let name = self.name.required("name", &mut faults);
        let name = name.map(|name| wire::words(&mut faults, "name", &name, wire::NAME_LIMIT));
        let audience = match self.audience {
            Change::Keep => before.audience.clone(),
            Change::Reset => identifier,
            Change::Set(audience) => validation::audience(&mut faults, &audience),
        };
        let scopes = self
            .scopes
            .map(|scopes| validation::scopes(&mut faults, &scopes));
        let lifetime = wire::lifetime_change(
            &mut faults,
            "access_token_lifetime",
            self.access_token_lifetime,
            &wire::ACCESS_TOKEN_LIFETIME,
        );
        faults.finish()?;
        Ok(Resource {
            resource_id: before.resource_id,
            identifiers,
            audience,
            // The row says since when.
            audience_since: before.audience_since,
            name: name.unwrap_or_else(|| before.name.clone()),
            scopes: scopes.apply_or(before.scopes.clone(), Vec::new),
            access_token_lifetime: lifetime.apply(before.access_token_lifetime),
        })
    }
}

/// Change a resource
///
/// Its audience stays as it is when the identifier changes: servers out there compare it.
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenant}/resources/{id}",
    tag = "resources",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The resource's id."),
    ),
    request_body = ResourcePatch,
    responses((status = 200, description = "The resource as it is now.", body = ResourceOut)),
)]
pub async fn update_resource(
    access: TenantWrite<Resources>,
    api: Api,
    Id(resource_id): Id<ResourceId>,
    Body(body): Body<ResourcePatch>,
) -> Result<Committed<Found<ResourceOut>>, Problem> {
    let unknown = || resources::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let now = api.now();
    // Locked, so that what another call changes at the same time is not written back.
    let before = scope
        .find_resource_for_update(resource_id)
        .await?
        .ok_or_else(unknown)?;
    let resource = body.apply_to(&before.resource)?;
    let left = scope
        .update_resource(&resource, now)
        .await
        .map_err(resources::taken)?
        .ok_or_else(unknown)?;
    let after = ResourceOut::new(access.tenant.issuer(), &resource, before.created_at, now);
    let target = audit::target("resource", &resource_id);
    let changes = Changes::updated(&ResourceOut::of(access.tenant.issuer(), &before), &after);
    let mut recorded = scope
        .record(EventType::ResourceUpdated, target, changes)
        .await?;
    let now = api.now();
    recorded
        .insert_ended_audience(&left, now, last_token_ends(now))
        .await?;
    recorded.commit(Found(after)).await
}
