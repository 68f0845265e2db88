//! `{issuer}/register/{client_id}` (RFC 7592): a client reads, changes or removes its registration.
//!
//! The key is the registration access token, which belongs to this one client. An unknown client, a wrong
//! token and none at all get one and the same answer. A change goes through the whole of the policy and
//! the rules again and never widens what the client has (row J9); what an administrator decided about the
//! client, above all that it is disabled, is not the client's to change.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use authority::audit::EventType;
use authority::grants::last_token_ends;
use authority::limits::{Limit, RateLimited};
use authority::{digests, policy};
use crypto::{SecretKind, SecretToken};
use protocol::bearer::token_from_header;
use protocol::client::registration::{
    ClientRegistration, Registrant, RegistrationBody, RegistrationError, RegistrationPolicy,
    RegistrationResponse, RegistrationRules, validate,
};
use protocol::client::{Client, ClientOrigin};
use protocol::{ClientId, ClientKey, SecretText};
use store::{ClientRecord, StoredSecret, TenantScope, Waiting};

use super::{
    decide, event, give_registration_token, known_scopes, management_uri, new_secret,
    signing_algorithm,
};
use super::{statement, statement::Stated};
use crate::http::json;
use crate::http::oauth_error::{OAuthErrorBody, OAuthFailure};
use crate::tenancy::TenantRequest;

/// Any of the three methods.
pub async fn answer(request: TenantRequest) -> HttpResponse {
    match *request.http.method() {
        Method::PUT => update(request).await,
        Method::DELETE => remove(request).await,
        _ => read(request).await,
    }
}

#[utoipa::path(
    get, path = "/register/{client_id}", operation_id = "read_client_registration", tag = "registration",
    summary = "Read a registration (RFC 7592 §2.1)",
    params(("client_id" = String, Path, description = "As the registration gave it")),
    responses(
        (status = 200, description = "What is in force; a secret is not told again", body = serde_json::Value,
            content_type = "application/json"),
        (status = 401, description = "The client or its registration access token is not known", body = OAuthErrorBody),
        (status = 403, description = "An administrator disabled the client", body = OAuthErrorBody),
        (status = 429, description = "Too many wrong tokens", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security(("registration" = []))
)]
pub async fn read(request: TenantRequest) -> HttpResponse {
    let outcome = find_registration(&request).await;
    finish(&request, "read", outcome, |response| {
        json::answer(StatusCode::OK, response)
    })
}

#[utoipa::path(
    put, path = "/register/{client_id}", operation_id = "update_client_registration", tag = "registration",
    summary = "Replace a registration (RFC 7592 §2.2)",
    description = "The whole of the metadata: what is left out is inferred again. The answer carries a new registration \
        access token; the old one is void. Scopes and grants never grow, and the authentication never becomes weaker.",
    params(("client_id" = String, Path, description = "As the registration gave it")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 200, description = "What is in force now", body = serde_json::Value, content_type = "application/json"),
        (status = 400, description = "As for a registration", body = OAuthErrorBody),
        (status = 401, description = "The client or its registration access token is not known", body = OAuthErrorBody),
        (status = 403, description = "The tenant does not allow it, or an administrator disabled the client",
            body = OAuthErrorBody),
        (status = 429, description = "Too many updates or wrong tokens", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security(("registration" = []))
)]
pub async fn update(mut request: TenantRequest) -> HttpResponse {
    let outcome = replace_registration(&mut request).await;
    finish(&request, "update", outcome, |response| {
        json::answer(StatusCode::OK, response)
    })
}

#[utoipa::path(
    delete, path = "/register/{client_id}", operation_id = "delete_client_registration", tag = "registration",
    summary = "Remove a registration (RFC 7592 §2.3)",
    description = "The client's grants and tokens go with it.",
    params(("client_id" = String, Path, description = "As the registration gave it")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "The client or its registration access token is not known", body = OAuthErrorBody),
        (status = 403, description = "An administrator disabled the client", body = OAuthErrorBody),
        (status = 429, description = "Too many wrong tokens", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security(("registration" = []))
)]
pub async fn remove(request: TenantRequest) -> HttpResponse {
    let outcome = remove_registration(&request).await;
    finish(&request, "delete", outcome, |()| {
        json::builder(StatusCode::NO_CONTENT).finish()
    })
}

fn finish<T>(
    request: &TenantRequest,
    operation: &'static str,
    outcome: Result<T, OAuthFailure>,
    answer: impl FnOnce(&T) -> HttpResponse,
) -> HttpResponse {
    let word = if outcome.is_ok() { "done" } else { "refused" };
    request
        .authority()
        .metrics()
        .registration_management
        .with_label_values(&[operation, word])
        .inc();
    match outcome {
        Ok(done) => answer(&done),
        Err(failure) => failure.respond(request.request_id),
    }
}

async fn find_registration(request: &TenantRequest) -> Result<RegistrationResponse, OAuthFailure> {
    let caller = Caller::read(request).await?;
    let record = caller.find(request).await?;
    let token = SecretText::new(caller.token.expose());
    Ok(describe(&record.client).with_management(
        management_uri(&request.tenant, &caller.client_id),
        Some(&token),
    ))
}

fn describe(client: &Client) -> RegistrationResponse {
    RegistrationResponse::new(
        client.client_id.clone(),
        client.created_at,
        None,
        ClientRegistration::of(client),
    )
}

async fn replace_registration(
    request: &mut TenantRequest,
) -> Result<RegistrationResponse, OAuthFailure> {
    let caller = Caller::read(request).await?;
    let client_key = caller.find(request).await?.client.key;
    if policy::registration_policy(&request.tenant) == RegistrationPolicy::Off {
        return Err(RegistrationError::RegistrationIsOff.into());
    }
    take_update(request, client_key).await?;
    let body = request.body().await?;
    let resources = request
        .authority()
        .directory()
        .list_resources(&request.tenant)
        .await?;
    let known_scopes = known_scopes(&resources);
    let signing_algorithm = signing_algorithm(request).await?;
    let body = RegistrationBody::parse(&body)?;
    let ground = request
        .authority()
        .registration_ground(&request.tenant)
        .await?;
    let (scope, record) = caller.lock(request).await?;
    check_identity(request, &record, &body)?;
    let (asked, stated) = statement::apply(&request.tenant, body, request.now())?;
    let limits = policy::self_registration(&request.tenant, Some(&record.client));
    let rules = RegistrationRules {
        private_use_redirect_uris: &request.tenant.settings().private_use_redirect_uris,
        known_scopes: &known_scopes,
        signing_algorithm,
        registrant: Registrant::Client(limits),
    };
    let mut registration = validate(&asked, &rules)?;
    let described = registration.clone().describe(record.client.clone());
    registration.scopes = decide(request, &ground, &described)?;
    write(request, scope, &record, registration, stated).await
}

/// RFC 7592 §2.2: an update names its client, and may repeat the secret but not choose one. The other
/// members that are ours (the token, the times) have nowhere to go.
fn check_identity(
    request: &TenantRequest,
    record: &ClientRecord,
    body: &RegistrationBody,
) -> Result<(), RegistrationError> {
    if body.client_id() != Some(record.client.client_id.as_str()) {
        return Err(RegistrationError::OtherClientId);
    }
    let Some(said) = body.client_secret()? else {
        return Ok(());
    };
    let authority = request.authority();
    let is_right = SecretToken::parse(SecretKind::ClientSecret, said.expose()).is_ok_and(|said| {
        record.secrets.iter().any(|kept| match &kept.secret {
            StoredSecret::Generated(digest) => {
                let is_live = kept.expires_at.is_none_or(|end| authority.now() < end);
                let is_it = authority
                    .peppers()
                    .verify(&said, &digests::from_stored(digest));
                is_live && is_it
            }
            StoredSecret::Chosen { .. } => false,
        })
    });
    is_right
        .then_some(())
        .ok_or(RegistrationError::OtherClientSecret)
}

async fn write(
    request: &TenantRequest,
    mut scope: TenantScope,
    record: &ClientRecord,
    registration: ClientRegistration,
    stated: Option<Stated>,
) -> Result<RegistrationResponse, OAuthFailure> {
    let now = request.now();
    let client = registration.clone().describe(record.client.clone());
    scope.update_client(&client, now).await?;
    // Who takes to a secret gets one, who takes to keys loses its own; a weaker way than before was refused
    // by the rules (row J9).
    let before = record.client.auth_method.is_secret();
    let after = client.auth_method.is_secret();
    let mut secret = None;
    if after && !before {
        let (text, kept) = new_secret(request, now);
        scope.insert_client_secret(client.key, &kept, now).await?;
        secret = Some(text);
    }
    if before && !after {
        for kept in &record.secrets {
            scope
                .delete_client_secret(client.key, kept.credential_id)
                .await?;
        }
    }
    let token = give_registration_token(request, &mut scope, client.key).await?;
    let event = event(request, EventType::ClientUpdated, &client);
    scope
        .insert_audit_event(&event.into_row(request.authority().random()))
        .await?;
    scope.commit().await?;
    let uri = management_uri(&request.tenant, &client.client_id);
    let statement = stated.map(|stated| stated.text);
    Ok(RegistrationResponse::new(
        client.client_id,
        client.created_at,
        secret.as_ref(),
        registration,
    )
    .with_management(uri, Some(&token))
    .with_software_statement(statement))
}

async fn remove_registration(request: &TenantRequest) -> Result<(), OAuthFailure> {
    let caller = Caller::read(request).await?;
    caller.find(request).await?;
    let (mut scope, record) = caller.lock(request).await?;
    let deleted = scope.delete_client(record.client.key).await?;
    let event = event(request, EventType::ClientDeleted, &record.client);
    scope
        .insert_audit_event(&event.into_row(request.authority().random()))
        .await?;
    if let Some(deleted) = deleted {
        let now = request.now();
        scope
            .insert_ended_client(&deleted, now, last_token_ends(now))
            .await?;
    }
    Ok(scope.commit().await?)
}

async fn begin(request: &TenantRequest) -> Result<TenantScope, OAuthFailure> {
    Ok(request
        .authority()
        .database()
        .tenant(&request.tenant)
        .await?)
}

/// Which registration is meant, and with what.
struct Caller {
    client_id: ClientId,
    token: SecretToken,
}

impl Caller {
    /// What we never made is refused without a query.
    async fn read(request: &TenantRequest) -> Result<Self, OAuthFailure> {
        let segment = request.segment.as_deref().unwrap_or_default();
        let text = request.header("authorization").and_then(token_from_header);
        let token = text.and_then(|text| {
            SecretToken::parse(SecretKind::RegistrationAccessToken, text.expose()).ok()
        });
        match (ClientId::parse(segment), token) {
            (Ok(client_id), Some(token)) => Ok(Self { client_id, token }),
            _ => Err(unknown(request).await),
        }
    }

    /// Nothing is locked, and nothing open, while the token is compared and a wrong one counted: strangers
    /// hold up nobody.
    async fn find(&self, request: &TenantRequest) -> Result<ClientRecord, OAuthFailure> {
        let mut scope = begin(request).await?;
        let found = scope.find_client(&self.client_id).await?;
        scope.commit().await?;
        match self.admit(request, found) {
            Some(record) => enabled(record),
            None => Err(unknown(request).await),
        }
    }

    /// The same again with the client's row locked, since another call may have changed it: of two with the
    /// same token one wins.
    async fn lock(
        &self,
        request: &TenantRequest,
    ) -> Result<(TenantScope, ClientRecord), OAuthFailure> {
        let database = request.authority().database();
        let mut scope = database
            .tenant_in_line(&request.tenant, Waiting::Client)
            .await?;
        let found = scope.find_client_for_update(&self.client_id).await?;
        let Some(record) = self.admit(request, found) else {
            scope.roll_back().await?;
            return Err(unknown(request).await);
        };
        Ok((scope, enabled(record)?))
    }

    /// Row J9: only the client that the token was made for, in constant time.
    fn admit(&self, request: &TenantRequest, found: Option<ClientRecord>) -> Option<ClientRecord> {
        let peppers = request.authority().peppers();
        found.filter(|record| {
            record.client.origin == ClientOrigin::Registered
                && record.registration_token.as_ref().is_some_and(|stored| {
                    peppers.verify(&self.token, &digests::from_stored(stored))
                })
        })
    }
}

/// Row J9: not where an administrator has stopped it.
fn enabled(record: ClientRecord) -> Result<ClientRecord, OAuthFailure> {
    if record.client.is_enabled {
        Ok(record)
    } else {
        Err(RegistrationError::ClientIsDisabled.into())
    }
}

/// By the client, whose token was good: nobody else can use up its share.
async fn take_update(request: &TenantRequest, client_key: ClientKey) -> Result<(), RateLimited> {
    let limits = request.authority().limits();
    let tenant_id = Some(request.tenant.id());
    let key = client_key.to_string();
    limits
        .take(Limit::RegistrationUpdate, tenant_id, &key)
        .await
}

/// One answer for all, unless somebody goes on guessing.
async fn unknown(request: &TenantRequest) -> OAuthFailure {
    let limit = Limit::RegistrationTokenFailure;
    let taken = request
        .authority()
        .limits()
        .take_by_address(limit, Some(request.tenant.id()), request.client_address)
        .await;
    match taken {
        Ok(()) => RegistrationError::UnknownRegistrationToken.into(),
        Err(limited) => limited.into(),
    }
}
