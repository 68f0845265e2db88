//! POST …/clients.

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::client::{Client, ClientOrigin};
use protocol::resource::Resources;
use protocol::{ClientId, ClientKey, CredentialId, SigningAlgorithm, Timestamp};
use serde::Serialize;
use store::{NewClientSecret, StoreError, Tenant};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::clients::body::NewClientBody;
use crate::clients::validation::RefreshLifetimes;
use crate::clients::{self, ClientOut, validation};
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Clients;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::{secret, wire};

/// A new client, with its secret if it has one: the only time that it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedClient)]
pub struct CreatedClient {
    #[serde(flatten)]
    client: ClientOut,
    /// Absent for public clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "writ_cs_…")]
    client_secret: Option<String>,
}

/// Create a client
///
/// With a chosen or a made id. A client that authenticates by secret gets one, or the chosen one; one with
/// keys signs assertions (`private_key_jwt`); what is not said is inferred from the redirect URIs.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/clients",
    tag = "clients",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = NewClientBody,
    responses((status = 201, description = "The client.", body = CreatedClient)),
)]
pub async fn create_client(
    access: TenantWrite<Clients>,
    api: Api,
    Body(body): Body<NewClientBody>,
) -> Result<Committed<Created<CreatedClient>>, Problem> {
    let now = api.now();
    let resources = {
        let mut scope = access.read(&api).await?;
        clients::all_resources(&mut scope).await?
    };
    let keys = api.authority().key_ring();
    let signing_algorithm = keys.find_signing_algorithm(&access.tenant).await?;
    let tenant = &access.tenant;
    let client = validate(&api, &body, tenant, signing_algorithm, &resources, now)?;
    // Hashed outside of a transaction: it takes a while.
    let (client_secret, secret) = if client.auth_method.is_secret() {
        let (text, secret) =
            secret::client_secret(&api, SecretKind::ClientSecret, body.client_secret).await?;
        let credential_id = CredentialId::generate(api.random(), now);
        (
            Some(text),
            Some(NewClientSecret {
                credential_id,
                secret,
                expires_at: None,
            }),
        )
    } else {
        (None, None)
    };
    let mut scope = access.open(&api).await?;
    let now = api.now();
    let client = Client {
        created_at: now,
        ..client
    };
    scope
        .insert_client(&client, secret.as_ref(), now)
        .await
        .map_err(|error| taken(error, &client))?;
    let shown = ClientOut::new(&client, &resources);
    let target = audit::target("client", &client.client_id);
    let recorded = scope
        .record(EventType::ClientCreated, target, Changes::created(&shown))
        .await?;

    recorded
        .commit(Created {
            location: clients::location(access.tenant.slug(), &client.client_id),
            thing: CreatedClient {
                client: shown,
                client_secret,
            },
        })
        .await
}

/// The rules of a client that an operator enters.
pub(crate) fn validate(
    api: &Api,
    body: &NewClientBody,
    tenant: &Tenant,
    signing_algorithm: SigningAlgorithm,
    resources: &Resources,
    now: Timestamp,
) -> Result<Client, Problem> {
    let mut faults = Faults::default();
    let client_id = match &body.client_id {
        Some(chosen) => faults.take("client_id", ClientId::parse_chosen(chosen)),
        None => Some(ClientId::generate(api.random())),
    };
    let request = body.request();
    let registration = validation::registration(&mut faults, &request, tenant, signing_algorithm);
    if let Some(chosen) = &body.client_secret {
        validation::chosen_secret(&mut faults, chosen);
    }
    let allowed = body
        .resources
        .as_ref()
        .map(|names| validation::resource_ids(&mut faults, names, resources));
    let default = body
        .default_resource
        .as_ref()
        .and_then(|name| validation::resource_id(&mut faults, "default_resource", name, resources));
    validation::check_default(&mut faults, allowed.as_deref(), default);
    let access_token_lifetime = body.access_token_lifetime.map(|seconds| {
        wire::lifetime(
            &mut faults,
            "access_token_lifetime",
            seconds,
            &wire::ACCESS_TOKEN_LIFETIME,
        )
    });
    let refresh = validation::refresh_lifetimes(
        &mut faults,
        Change::from(body.refresh_idle_lifetime),
        Change::from(body.refresh_absolute_lifetime),
        RefreshLifetimes::default(),
    );
    faults.finish()?;
    let (Some(client_id), Some(registration)) = (client_id, registration) else {
        return Err(Problem::internal("a fault was not named"));
    };
    let key = ClientKey::generate(api.random(), now);
    let (origin, auth_method) = (ClientOrigin::Static, registration.auth_method);
    Ok(registration.describe(Client {
        resources: allowed,
        default_resource: default,
        is_enabled: body.is_enabled,
        access_token_lifetime,
        refresh_idle_lifetime: refresh.idle,
        refresh_absolute_lifetime: refresh.absolute,
        ..Client::blank(key, client_id, origin, auth_method, now)
    }))
}

pub(crate) fn taken(error: StoreError, client: &Client) -> Problem {
    Problem::from_conflict(error, |constraint| match constraint {
        "clients_client_id_is_unique" => Some((
            "client_id",
            format!(
                "{} is taken in this tenant; choose another.",
                client.client_id
            ),
        )),
        _ => Some((
            "resources",
            "A resource of the list was deleted just now; look again.".to_owned(),
        )),
    })
}
