//! `POST {issuer}/register` (RFC 7591): a client registers itself.
//!
//! Order: policy, limits, body, rules, one insert. Nothing that the body names is fetched
//! (row J6), and members it may not decide about have nowhere to go (J8).
//!
//! Not here: what a registration gets (`protocol::client::registration`), who may register
//! (`authority::policy`), removing registrations that nobody used (`jobs`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use authority::audit::{Actor, AuditEvent, EventType};
use authority::limits::{Limit, RateLimited};
use authority::policy;
use crypto::{SecretKind, SecretToken};
use protocol::client::registration::{
    ClientRegistration, RegistrationError, RegistrationRequest, RegistrationResponse,
    RegistrationRules, validate,
};
use protocol::client::{Client, ClientOrigin};
use protocol::resource::Resources;
use protocol::scope::TENANT_SCOPES;
use protocol::{ClientId, ClientKey, CredentialId, ScopeSet, SecretText, Timestamp};
use store::{NewClientSecret, SecretDigest, StoredSecret};

use crate::http::json;
use crate::http::oauth_error::{OAuthErrorBody, OAuthFailure};
use crate::tenancy::TenantRequest;

#[utoipa::path(
    post, path = "/register", operation_id = "register_client", tag = "registration",
    summary = "Register a client (RFC 7591)",
    description = "What is missing is inferred, what is unknown is dropped; the answer says what is in force. \
        A Content-Type is not required.",
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 201, description = "The client as registered", body = serde_json::Value, content_type = "application/json"),
        (status = 400, description = "invalid_redirect_uri or invalid_client_metadata", body = OAuthErrorBody),
        (status = 403, description = "The tenant does not let clients register themselves", body = OAuthErrorBody),
        (status = 429, description = "Too many registrations", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    )
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
    if !policy::is_registration_open(&request.tenant) {
        return Err(RegistrationError::RegistrationIsOff.into());
    }
    take_allowance(request).await?;
    let body = request.body().await?;
    let asked = RegistrationRequest::parse(&body)?;
    let tenant = &request.tenant;
    let resources = request
        .authority()
        .directory()
        .list_resources(tenant)
        .await?;
    let rules = RegistrationRules {
        private_use_redirect_uris: &tenant.settings().private_use_redirect_uris,
        known_scopes: &known_scopes(&resources),
        is_static: false,
    };
    let registration = validate(&asked, &rules)?;
    insert(request, registration).await
}

/// J2: generous by address, since hosted clients share theirs; a ceiling for the tenant.
async fn take_allowance(request: &TenantRequest) -> Result<(), RateLimited> {
    let limits = request.authority().limits();
    let tenant_id = Some(request.tenant.id());
    limits
        .take_by_address(
            Limit::RegistrationAddress,
            tenant_id,
            request.client_address,
        )
        .await?;
    limits.take(Limit::RegistrationTenant, tenant_id, "").await
}

fn known_scopes(resources: &Resources) -> ScopeSet {
    let tenants = ScopeSet::from_tokens(TENANT_SCOPES).unwrap_or_default();
    resources
        .iter()
        .fold(tenants, |all, resource| all.union(&resource.all_scopes()))
}

async fn insert(
    request: &TenantRequest,
    registration: ClientRegistration,
) -> Result<RegistrationResponse, OAuthFailure> {
    let authority = request.authority();
    let (random, now) = (authority.random(), authority.now());
    let client = client_of(
        &registration,
        ClientId::generate(random),
        ClientKey::generate(random, now),
        now,
    );
    let secret = registration
        .auth_method
        .is_secret()
        .then(|| SecretToken::generate(SecretKind::ClientSecret, random));
    let kept = secret.as_ref().map(|secret| {
        let digest = authority.peppers().digest(secret);
        NewClientSecret {
            credential_id: CredentialId::generate(random, now),
            secret: StoredSecret::Generated(SecretDigest {
                bytes: digest.bytes,
                pepper_id: digest.pepper_id,
            }),
            expires_at: None,
        }
    });
    let mut scope = authority.database().tenant(&request.tenant).await?;
    scope.insert_client(&client, kept.as_ref(), now).await?;
    scope.commit().await?;
    authority
        .audit()
        .record(&request.tenant, event_of(request, &client, now));
    let secret = secret.map(|secret| SecretText::new(secret.expose()));
    Ok(RegistrationResponse::new(
        client.client_id,
        now,
        secret.as_ref(),
        registration,
    ))
}

fn client_of(
    registration: &ClientRegistration,
    client_id: ClientId,
    key: ClientKey,
    now: Timestamp,
) -> Client {
    Client {
        key,
        client_id,
        origin: ClientOrigin::Registered,
        name: registration.name.clone(),
        redirect_uris: registration.redirect_uris.clone(),
        grant_types: registration.grant_types.clone(),
        auth_method: registration.auth_method,
        application_type: registration.application_type,
        scopes: registration.scopes.clone(),
        resources: None,
        default_resource: None,
        is_enabled: true,
        access_token_lifetime: None,
        client_uri: registration.client_uri.clone(),
        logo_uri: registration.logo_uri.clone(),
        policy_uri: registration.policy_uri.clone(),
        tos_uri: registration.tos_uri.clone(),
        software_id: registration.software_id.clone(),
        software_version: registration.software_version.clone(),
        created_at: now,
    }
}

/// S3: a new client is worth a row; it comes in the next batch, not in the way of the answer.
fn event_of(request: &TenantRequest, client: &Client, now: Timestamp) -> AuditEvent {
    AuditEvent::new(
        EventType::ClientRegistered,
        Actor::Client(client.client_id.clone()),
        now,
    )
    .at("client", &client.client_id)
    .request_id(Some(&request.request_id.to_string()))
    .address(Some(request.client_address))
}

impl From<RegistrationError> for OAuthFailure {
    fn from(error: RegistrationError) -> Self {
        Self::from_rule(&error)
    }
}

impl From<RateLimited> for OAuthFailure {
    fn from(limited: RateLimited) -> Self {
        Self::limited(limited.retry_after_seconds()).because(limited)
    }
}
