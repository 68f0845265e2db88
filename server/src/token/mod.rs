//! `POST {issuer}/token` (OAuth 2.1 §3.2): who is asking, for which grant, and the answer.
//!
//! Not here: what a grant deserves (`protocol::token`, decided in `authority::tokens`).
//!
//! To add a grant type: a file with its call, an arm in [`exchange`].

mod authorization_code;
mod client_credentials;
mod device_code;
mod refresh_token;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use authority::client_authentication::{AuthenticatedClient, ClientAuthenticationFailure};
use authority::policy::PolicyAction;
use authority::tokens::TokenError;
use protocol::Parameters;
use protocol::client::authentication::PresentedCredentials;
use protocol::client::{GrantType, Tolerance};
use protocol::token::{TokenRequest, TokenResponse, TokenType};

use crate::http::oauth_error::{OAuthErrorBody, OAuthFailure};
use crate::http::{body, dpop, json};
use crate::tenancy::TenantRequest;

/// A failure, and the grant type it belongs to, for the counter.
struct Refused {
    grant_type: Option<GrantType>,
    failure: OAuthFailure,
}

#[utoipa::path(
    post, path = "/token", operation_id = "issue_token", tag = "tokens",
    summary = "Redeem a code or a device code, refresh, or get a token for the client itself",
    params(("DPoP" = Option<String>, Header,
        description = "RFC 9449: a proof by the client's own key; the tokens are then bound to that key")),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Tokens", body = serde_json::Value, content_type = "application/json"),
        (status = 400, description = "The request or the grant is not good; `authorization_pending` and `slow_down` while a person decides at a device's page (RFC 8628 §3.5)", body = OAuthErrorBody),
        (status = 401, description = "The client is unknown or did not authenticate", body = OAuthErrorBody),
        (status = 413, description = "More than 64 KB", body = OAuthErrorBody),
        (status = 429, description = "Too many failures", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security((), ("client" = []))
)]
pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    match exchange(&mut request).await {
        Ok(tokens) => {
            let mut response = json::answer(StatusCode::OK, &tokens);
            if tokens.token_type == TokenType::DPoP {
                let nonce = request.authority().next_dpop_nonce(&request.tenant);
                dpop::add_nonce(response.headers_mut(), nonce.as_deref());
            }
            response
        }
        Err(Refused {
            grant_type,
            failure,
        }) => {
            let metrics = request.authority().metrics();
            let grant_type = grant_type.map_or("unknown", GrantType::as_str);
            metrics
                .tokens_refused
                .with_label_values(&[grant_type, failure.code().as_str()])
                .inc();
            failure.respond(request.request_id)
        }
    }
}

/// What the body says.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the parameters, which are read one by one"
)]
pub struct TokenForm {
    /// `authorization_code`, `refresh_token`, `client_credentials` or
    /// `urn:ietf:params:oauth:grant-type:device_code`.
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    /// RFC 7523: a JWT that the client's own key has signed. `client_id` may then be left out.
    client_assertion: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: Option<String>,
    code: Option<String>,
    code_verifier: Option<String>,
    redirect_uri: Option<String>,
    /// RFC 8628.
    device_code: Option<String>,
    refresh_token: Option<String>,
    scope: Option<String>,
    /// RFC 8707.
    resource: Option<String>,
}

async fn exchange(request: &mut TenantRequest) -> Result<TokenResponse, Refused> {
    let unknown = |failure: OAuthFailure| Refused {
        grant_type: None,
        failure,
    };
    let (parameters, tolerance) = read_parameters(request).await.map_err(unknown)?;
    let presented =
        PresentedCredentials::from_request(request.header("authorization"), &parameters)
            .map_err(|error| unknown(OAuthFailure::from_rule(&error)))?;
    let mut client = request
        .authority()
        .authenticate_client(&request.tenant, &presented, request.client_address)
        .await
        .map_err(|failure| unknown(failure.into()))?;
    client.origin = request.origin();
    if let Some(tolerance) = tolerance {
        client.tolerances.insert(tolerance);
    }
    let outcome = exchange_as(request, &mut client, &parameters).await;
    if let Err(refused) = &outcome {
        let (grant_type, error) = (refused.grant_type, refused.failure.error());
        request.record_refusal(&client, None, PolicyAction::Issue, grant_type, error);
    }
    outcome
}

/// For a client that is known.
async fn exchange_as(
    request: &TenantRequest,
    client: &mut AuthenticatedClient,
    parameters: &Parameters,
) -> Result<TokenResponse, Refused> {
    let asked = TokenRequest::parse(parameters).map_err(|error| Refused {
        grant_type: None,
        failure: OAuthFailure::from_rule(&error),
    })?;
    let grant_type = Some(asked.grant_type());
    // RFC 9449 §5: whose key it is, before what the key is shown for.
    let shown = dpop::shown_proof(request, "token");
    request
        .authority()
        .check_dpop_proof(&request.tenant, client, &shown)
        .map_err(|failure| Refused {
            grant_type,
            failure: failure.into(),
        })?;
    let outcome = match &asked {
        TokenRequest::AuthorizationCode(code) => {
            authorization_code::redeem(request, client, code).await
        }
        TokenRequest::RefreshToken(refresh) => {
            refresh_token::refresh(request, client, refresh).await
        }
        TokenRequest::ClientCredentials(own) => {
            client_credentials::issue(request, client, own).await
        }
        TokenRequest::DeviceCode(device) => device_code::redeem(request, client, device).await,
    };
    if let Err(error) = &outcome {
        keep_refused_resource(request, client, error).await;
    }
    outcome.map_err(|error| Refused {
        grant_type,
        failure: error.into(),
    })
}

/// A client that proved itself asked for it: an administrator may accept it as a name of a resource.
async fn keep_refused_resource(
    request: &TenantRequest,
    client: &AuthenticatedClient,
    error: &TokenError,
) {
    if let (Some(refused), true) = (error.refused_resource(), client.is_confidential()) {
        request
            .authority()
            .keep_refused_resource(&request.tenant, &client.client_id, refused)
            .await;
    }
}

/// RFC 6749 §3.2: a form. A tenant may tolerate the same members as JSON.
async fn read_parameters(
    request: &mut TenantRequest,
) -> Result<(Parameters, Option<Tolerance>), OAuthFailure> {
    let is_tolerated = request.tenant.settings().tolerances.json_token_body;
    if is_tolerated && body::essence_of(&request.http) == "application/json" {
        let bytes = request.body().await?;
        let parameters = Parameters::parse_json(&bytes)?;
        return Ok((parameters, Some(Tolerance::JsonTokenBody)));
    }
    Ok((request.form().await?, None))
}

impl From<TokenError> for OAuthFailure {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Store(error) => error.into(),
            // RFC 8628 §3.5, RFC 6749 §5.2: `access_denied` too is a 400 here.
            TokenError::DeviceCode(error) => {
                Self::from_rule(&error).with_status(StatusCode::BAD_REQUEST)
            }
            TokenError::Policy(refusal) => {
                Self::from_rule(&refusal).with_status(StatusCode::BAD_REQUEST)
            }
            other => Self::from_rule(&other),
        }
    }
}

impl From<ClientAuthenticationFailure> for OAuthFailure {
    fn from(failure: ClientAuthenticationFailure) -> Self {
        match failure {
            ClientAuthenticationFailure::Refused(error) => Self::from_rule(&error),
            ClientAuthenticationFailure::Limited(limited) => limited.into(),
            ClientAuthenticationFailure::Busy => Self::unavailable(failure),
            ClientAuthenticationFailure::KeysUnreachable { .. } => Self::from_rule(&failure),
            ClientAuthenticationFailure::Store(error) => error.into(),
        }
    }
}
