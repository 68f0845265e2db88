//! PATCH …/clients/{id}: metadata, limits; disabling and enabling.

use authority::audit::EventType;
use protocol::client::{Client, ClientOrigin};
use protocol::resource::Resources;
use protocol::{ClientId, SigningAlgorithm, Timestamp};
use store::{ClientRecord, Tenant};

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::clients::body::ClientPatch;
use crate::clients::validation::RefreshLifetimes;
use crate::clients::{self, ClientOut, validation};
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Clients;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::wire;

/// Change a client
///
/// `is_enabled: false` stops it at once: its next refresh is refused. Changed metadata goes through the
/// whole of the rules again. Its id does not change, nor whether it is public. The metadata of a client that came
/// by a document is the document's.
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenant}/clients/{id}",
    tag = "clients",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The client_id, percent-encoded.", example = "notes-desktop"),
    ),
    request_body = ClientPatch,
    responses((status = 200, description = "The client as it is now.", body = ClientOut)),
)]
pub async fn update_client(
    access: TenantWrite<Clients>,
    api: Api,
    Id(client_id): Id<ClientId>,
    Body(body): Body<ClientPatch>,
) -> Result<Committed<Found<ClientOut>>, Problem> {
    let unknown = || clients::unknown(access.tenant.slug());
    let keys = api.authority().key_ring();
    // Only when metadata changes: a client that today's rules would refuse can still be disabled.
    let signing_algorithm = if body.touches_metadata() {
        Some(keys.find_signing_algorithm(&access.tenant).await?)
    } else {
        None
    };
    let mut scope = access.open(&api).await?;
    // Locked, so that what another call changes at the same time is not written back.
    let record = scope
        .find_client_for_update(&client_id)
        .await?
        .ok_or_else(unknown)?;
    refuse_changes_of_a_document(&body, &record.client)?;
    let resources = clients::all_resources(&mut scope).await?;
    let (tenant, now) = (&access.tenant, api.now());
    let after = changed(body, &record, tenant, signing_algorithm, &resources, now)?;
    let before = record.client;
    let shown_before = clients::show(&mut scope, &before, &resources).await?;
    if !scope.update_client(&after, api.now()).await? {
        return Err(unknown());
    }
    let event_type = match (before.is_enabled, after.is_enabled) {
        (true, false) => EventType::ClientDisabled,
        (false, true) => EventType::ClientEnabled,
        _ => EventType::ClientUpdated,
    };
    let shown = clients::show(&mut scope, &after, &resources).await?;
    let changes = Changes::updated(&shown_before, &shown);
    let target = audit::target("client", &client_id);
    let recorded = scope.record(event_type, target, changes).await?;

    recorded.commit(Found(shown)).await
}

/// What a document says is read again when the document is.
fn refuse_changes_of_a_document(body: &ClientPatch, client: &Client) -> Result<(), Problem> {
    if client.origin == ClientOrigin::Document && body.touches_metadata() {
        let detail = "This client's metadata is in the document at its client_id. Change is_enabled, resources, \
            default_resource or lifetimes here; the rest is the publisher's.";
        return Err(Problem::conflicting_state(detail));
    }
    Ok(())
}

fn changed(
    body: ClientPatch,
    record: &ClientRecord,
    tenant: &Tenant,
    signing_algorithm: Option<SigningAlgorithm>,
    resources: &Resources,
    now: Timestamp,
) -> Result<Client, Problem> {
    let before = &record.client;
    let mut faults = Faults::default();
    validation::check_auth_method(&mut faults, &body.token_endpoint_auth_method, record, now);
    let registration = signing_algorithm.and_then(|algorithm| {
        validation::registration(&mut faults, &body.request(before), tenant, algorithm)
    });
    let is_enabled = body.is_enabled.required("is_enabled", &mut faults);
    let allowed = body
        .resources
        .map(|names| validation::resource_ids(&mut faults, &names, resources))
        .apply(before.resources.clone());
    let default = match body.default_resource {
        Change::Keep => before.default_resource,
        Change::Reset => None,
        Change::Set(name) => {
            validation::resource_id(&mut faults, "default_resource", &name, resources)
        }
    };
    validation::check_default(&mut faults, allowed.as_deref(), default);
    let lifetime = wire::lifetime_change(
        &mut faults,
        "access_token_lifetime",
        body.access_token_lifetime,
        &wire::ACCESS_TOKEN_LIFETIME,
    );
    let refresh = validation::refresh_lifetimes(
        &mut faults,
        body.refresh_idle_lifetime,
        body.refresh_absolute_lifetime,
        RefreshLifetimes {
            idle: before.refresh_idle_lifetime,
            absolute: before.refresh_absolute_lifetime,
        },
    );
    faults.finish()?;
    let client = Client {
        resources: allowed,
        default_resource: default,
        is_enabled: is_enabled.unwrap_or(before.is_enabled),
        access_token_lifetime: lifetime.apply(before.access_token_lifetime),
        refresh_idle_lifetime: refresh.idle,
        refresh_absolute_lifetime: refresh.absolute,
        ..before.clone()
    };
    Ok(match registration {
        Some(registration) => registration.describe(client),
        None => client,
    })
}
