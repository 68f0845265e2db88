//! POST …/resources.

use authority::audit::EventType;
use protocol::resource::Resource;
use protocol::{ResourceId, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Resources;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::resources::{self, ResourceOut, ScopeBody, validation};
use crate::text;
use crate::wire;

/// A resource to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewResource, example = json!({
    "identifier": "https://notes.example.com/mcp",
    "name": "Notes",
    "scopes": [
        {"name": "notes:read", "description": "Read your notes", "default": true},
        {"name": "notes:write", "description": "Change your notes"},
    ],
}))]
pub struct NewResourceBody {
    /// The URI that clients send as `resource`.
    #[schema(value_type = text::ResourceUri)]
    identifier: String,
    /// Other spellings that mean the same.
    #[serde(default)]
    #[schema(value_type = Vec<text::ResourceUri>, max_items = 20)]
    aliases: Vec<String>,
    #[schema(value_type = text::Words)]
    name: String,
    /// `aud` of its tokens; absent: the identifier, as written.
    #[schema(value_type = Option<text::Audience>)]
    audience: Option<String>,
    #[serde(default)]
    #[schema(max_items = 200)]
    scopes: Vec<ScopeBody>,
    /// Seconds; absent: the tenant's.
    #[schema(minimum = 60, maximum = 86_400)]
    access_token_lifetime: Option<u64>,
}

impl NewResourceBody {
    pub(crate) fn validate(
        &self,
        resource_id: ResourceId,
        now: Timestamp,
    ) -> Result<Resource, Problem> {
        let mut faults = Faults::default();
        let identifiers = validation::identifiers(&mut faults, &self.identifier, &self.aliases);
        let audience = match &self.audience {
            Some(audience) => validation::audience(&mut faults, audience),
            None => self.identifier.clone(),
        };
        let resource = Resource {
            resource_id,
            identifiers,
            audience,
            audience_since: now,
            name: wire::words(&mut faults, "name", &self.name, wire::NAME_LIMIT),
            scopes: validation::scopes(&mut faults, &self.scopes),
            access_token_lifetime: self.access_token_lifetime.map(|seconds| {
                wire::lifetime(
                    &mut faults,
                    "access_token_lifetime",
                    seconds,
                    &wire::ACCESS_TOKEN_LIFETIME,
                )
            }),
        };
        faults.finish().map(|()| resource)
    }
}

/// Register a protected MCP server
///
/// Clients name it by its identifier or an alias; its tokens carry its audience and are good nowhere else.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/resources",
    tag = "resources",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = NewResourceBody,
    responses((status = 201, description = "The resource.", body = ResourceOut)),
)]
pub async fn create_resource(
    access: TenantWrite<Resources>,
    api: Api,
    Body(body): Body<NewResourceBody>,
) -> Result<Committed<Created<ResourceOut>>, Problem> {
    let asked_at = api.now();
    let resource = body.validate(ResourceId::generate(api.random(), asked_at), asked_at)?;
    let mut scope = access.open(&api).await?;
    let now = api.now();
    scope
        .insert_resource(&resource, now)
        .await
        .map_err(resources::taken)?;
    let thing = ResourceOut::new(access.tenant.issuer(), &resource, now, now);
    let target = audit::target("resource", &resource.resource_id);
    let recorded = scope
        .record(EventType::ResourceCreated, target, Changes::created(&thing))
        .await?;

    recorded
        .commit(Created {
            location: resources::location(access.tenant.slug(), &thing.id),
            thing,
        })
        .await
}
