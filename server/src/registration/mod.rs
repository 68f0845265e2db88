//! `POST {issuer}/register` (RFC 7591): a client registers itself.
//!
//! Order: policy, limits, who may at all (`initial_access_tokens`), body and software statement (`statement`),
//! rules, quota, one transaction. Nothing that the body names is fetched (row J6), and members it may
//! not decide about have nowhere to go (J8). What comes after is `management` (RFC 7592).
//!
//! Not here: what a registration gets (`protocol::client::registration`), what a tenant allows
//! (`authority::policy`), removing registrations that nobody used (`jobs`).

mod initial_access_tokens;
pub mod management;
mod statement;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use authority::audit::{Actor, AuditEvent, EventType};
use authority::decisions::RegistrationGround;
use authority::limits::{Limit, RateLimited};
use authority::{digests, policy};
use crypto::{SecretKind, SecretToken};
use protocol::client::registration::{
    ClientRegistration, Registrant, RegistrationError, RegistrationPolicy, RegistrationResponse,
    RegistrationRules, SelfRegistration, validate,
};
use protocol::client::{Client, ClientOrigin};
use protocol::resource::Resources;
use protocol::scope::TENANT_SCOPES;
use protocol::{
    ClientId, ClientKey, CredentialId, ScopeSet, SecretText, SigningAlgorithm, Timestamp, TokenId,
};
use store::{NewClientSecret, StoreError, StoredSecret, Tenant, TenantScope};

use crate::http::json;
use crate::http::oauth_error::{OAuthErrorBody, OAuthFailure};
use crate::tenancy::TenantRequest;
use statement::Stated;

/// A full tenant has room again when a sweep has found registrations that nobody used.
const RETRY_AFTER_FULL_SECONDS: u64 = 3600;

#[utoipa::path(
    post, path = "/register", operation_id = "register_client", tag = "registration",
    summary = "Register a client (RFC 7591)",
    description = "What is missing is inferred, what is unknown is dropped; the answer says what is in force, and where \
        and with what the client looks after its registration (RFC 7592). A Content-Type is not required. Where the \
        tenant asks for an initial access token, it goes into `Authorization: Bearer`.",
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 201, description = "The client as registered", body = serde_json::Value, content_type = "application/json"),
        (status = 400, description = "invalid_redirect_uri, invalid_client_metadata, invalid_software_statement or \
            unapproved_software_statement", body = OAuthErrorBody),
        (status = 401, description = "The tenant asks for an initial access token", body = OAuthErrorBody),
        (status = 403, description = "The tenant does not let this client register itself", body = OAuthErrorBody),
        (status = 429, description = "Too many registrations", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security((), ("registration" = []))
)]
pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    let outcome = register(&mut request).await;
    let registrations = &request.authority().metrics().registrations;
    match outcome {
        Ok(response) => {
            registrations.with_label_values(&["registered"]).inc();
            json::answer(StatusCode::CREATED, &response)
        }
        Err(failure) => {
            registrations.with_label_values(&["refused"]).inc();
            failure.respond(request.request_id)
        }
    }
}

async fn register(request: &mut TenantRequest) -> Result<RegistrationResponse, OAuthFailure> {
    let policy = policy::registration_policy(&request.tenant);
    if policy == RegistrationPolicy::Off {
        return Err(RegistrationError::RegistrationIsOff.into());
    }
    take_of_address(request).await?;
    let token = match policy {
        RegistrationPolicy::InitialAccessToken => Some(initial_access_tokens::read(request)?),
        RegistrationPolicy::Open | RegistrationPolicy::Off => {
            take_of_tenant(request).await?;
            None
        }
    };
    let body = request.body().await?;
    let limits = policy::self_registration(&request.tenant, None);
    let checked = check(request, &body, limits).await;
    // With a token, nobody hears of a fault in the body before the token has proved good; without one,
    // a bad body costs no transaction.
    let checked = if token.is_some() {
        checked
    } else {
        Ok(checked?)
    };
    let mut scope = request
        .authority()
        .database()
        .tenant(&request.tenant)
        .await?;
    let mut order = Order::default();
    if let Some(token) = &token {
        order.token_id = Some(initial_access_tokens::spend(request, &mut scope, token).await?);
        // Not before: strangers without a token would use up what its holders need.
        take_of_tenant(request).await?;
    }
    let checked = checked?;
    check_registered_clients(&mut scope, &request.tenant).await?;
    order.statement = checked.statement;
    insert(request, scope, checked.client, checked.registration, order).await
}

/// What a registration leaned on, for the answer and the audit.
#[derive(Default)]
struct Order {
    token_id: Option<TokenId>,
    statement: Option<Stated>,
}

/// What may be registered.
struct Checked {
    registration: ClientRegistration,
    client: Client,
    statement: Option<Stated>,
}

/// Body → software statement → rules → policies. Decides, and writes nothing.
async fn check(
    request: &TenantRequest,
    body: &[u8],
    limits: SelfRegistration<'_>,
) -> Result<Checked, OAuthFailure> {
    let tenant = &request.tenant;
    let resources = request
        .authority()
        .directory()
        .list_resources(tenant)
        .await?;
    let signing_algorithm = signing_algorithm(request).await?;
    let (asked, stated) = statement::read(tenant, body, request.now())?;
    let rules = RegistrationRules {
        private_use_redirect_uris: &tenant.settings().private_use_redirect_uris,
        known_scopes: &known_scopes(&resources),
        signing_algorithm,
        registrant: Registrant::Client(limits),
    };
    let mut registration = validate(&asked, &rules)?;
    let authority = request.authority();
    let (random, now) = (authority.random(), authority.now());
    let blank = Client::blank(
        ClientKey::generate(random, now),
        ClientId::generate(random),
        ClientOrigin::Registered,
        registration.auth_method,
        now,
    );
    let mut client = registration.clone().describe(blank);
    let ground = authority.registration_ground(tenant).await?;
    registration.scopes = decide(request, &ground, &client)?;
    client.scopes.clone_from(&registration.scopes);
    Ok(Checked {
        registration,
        client,
        statement: stated,
    })
}

/// Whether the tenant's policies take it, and with which of the scopes that it names.
fn decide(
    request: &TenantRequest,
    ground: &RegistrationGround,
    client: &Client,
) -> Result<Option<ScopeSet>, RegistrationError> {
    let origin = request.origin();
    let decided = request
        .authority()
        .decide_registration(&request.tenant, ground, client, &origin);
    decided.map_err(|_| RegistrationError::PolicyDenied {
        reference: request.request_id.to_string(),
    })
}

async fn signing_algorithm(request: &TenantRequest) -> Result<SigningAlgorithm, StoreError> {
    let keys = request.authority().key_ring();
    keys.find_signing_algorithm(&request.tenant).await
}

/// J2: generous, since hosted clients share an address.
async fn take_of_address(request: &TenantRequest) -> Result<(), RateLimited> {
    let limit = Limit::RegistrationAddress;
    let tenant_id = Some(request.tenant.id());
    request
        .authority()
        .limits()
        .take_by_address(limit, tenant_id, request.client_address)
        .await
}

/// J2: a ceiling for the tenant.
async fn take_of_tenant(request: &TenantRequest) -> Result<(), RateLimited> {
    let limits = request.authority().limits();
    limits
        .take(Limit::RegistrationTenant, Some(request.tenant.id()), "")
        .await
}

/// J2: what registrations may fill. As many as run at this moment may pass it together.
async fn check_registered_clients(
    scope: &mut TenantScope,
    tenant: &Tenant,
) -> Result<(), OAuthFailure> {
    let most = tenant.settings().registration.max_clients;
    if scope.count_registered_clients(most).await? >= most {
        return Err(RegistrationError::TooManyClients.into());
    }
    Ok(())
}

/// Of the tenant's quota, which is of all clients, however they came.
fn refused(request: &TenantRequest, error: StoreError) -> OAuthFailure {
    let StoreError::QuotaReached(quota) = error else {
        return error.into();
    };
    let refusals = &request.authority().metrics().quota_refusals;
    refusals.with_label_values(&[quota.as_str()]).inc();
    RegistrationError::TooManyClients.into()
}

fn known_scopes(resources: &Resources) -> ScopeSet {
    let tenants = ScopeSet::from_tokens(TENANT_SCOPES).unwrap_or_default();
    resources
        .iter()
        .fold(tenants, |all, resource| all.union(&resource.all_scopes()))
}

async fn insert(
    request: &TenantRequest,
    mut scope: TenantScope,
    client: Client,
    registration: ClientRegistration,
    order: Order,
) -> Result<RegistrationResponse, OAuthFailure> {
    let (authority, now) = (request.authority(), client.created_at);
    let (secret, kept) = registration
        .auth_method
        .is_secret()
        .then(|| new_secret(request, now))
        .unzip();
    let inserted = scope.insert_client(&client, kept.as_ref(), now).await;
    inserted.map_err(|error| refused(request, error))?;
    let token = give_registration_token(request, &mut scope, client.key).await?;
    scope.commit().await?;
    authority
        .audit()
        .record(&request.tenant, registered_event(request, &client, &order));
    let uri = management_uri(&request.tenant, &client.client_id);
    let statement = order.statement.map(|stated| stated.text);
    Ok(
        RegistrationResponse::new(client.client_id, now, secret.as_ref(), registration)
            .with_management(uri, Some(&token))
            .with_software_statement(statement),
    )
}

fn new_secret(request: &TenantRequest, now: Timestamp) -> (SecretText, NewClientSecret) {
    let authority = request.authority();
    let secret = SecretToken::generate(SecretKind::ClientSecret, authority.random());
    let kept = NewClientSecret {
        credential_id: CredentialId::generate(authority.random(), now),
        secret: StoredSecret::Generated(digests::to_store(&authority.peppers().digest(&secret))),
        expires_at: None,
    };
    (SecretText::new(secret.expose()), kept)
}

/// RFC 7592 §3: a fresh one, in place of the one before.
async fn give_registration_token(
    request: &TenantRequest,
    scope: &mut TenantScope,
    client_key: ClientKey,
) -> Result<SecretText, OAuthFailure> {
    let authority = request.authority();
    let kind = SecretKind::RegistrationAccessToken;
    let token = SecretToken::generate(kind, authority.random());
    let digest = digests::to_store(&authority.peppers().digest(&token));
    scope
        .set_client_registration_token(client_key, &digest)
        .await?;
    Ok(SecretText::new(token.expose()))
}

fn management_uri(tenant: &Tenant, client_id: &ClientId) -> String {
    // An id of our own making: nothing in it to encode.
    format!("{}/{client_id}", tenant.issuer().endpoint("register"))
}

/// S3: a new client is worth a row; it comes in the next batch, not in the way of the answer.
fn registered_event(request: &TenantRequest, client: &Client, order: &Order) -> AuditEvent {
    let mut event = event(request, EventType::ClientRegistered, client);
    if let Some(token_id) = &order.token_id {
        event = event.detail("initial_access_token_id", token_id);
    }
    if let Some(stated) = &order.statement {
        event = event.detail("software_statement_issuer", &stated.issuer);
    }
    event
}

fn event(request: &TenantRequest, event_type: EventType, client: &Client) -> AuditEvent {
    AuditEvent::new(
        event_type,
        Actor::Client(client.client_id.clone()),
        request.now(),
    )
    .at("client", &client.client_id)
    .origin(&request.origin())
}

impl From<RegistrationError> for OAuthFailure {
    fn from(error: RegistrationError) -> Self {
        let failure = Self::from_rule(&error);
        if error == RegistrationError::TooManyClients {
            return failure
                .with_status(StatusCode::TOO_MANY_REQUESTS)
                .retry_after(RETRY_AFTER_FULL_SECONDS);
        }
        failure
    }
}

impl From<RateLimited> for OAuthFailure {
    fn from(limited: RateLimited) -> Self {
        Self::limited(limited.retry_after_seconds()).because(limited)
    }
}
