//! `GET` and `POST {issuer}/userinfo` (OpenID Connect Core §5.3): what a token may learn of its person.
//!
//! The token comes in the Authorization header, as Bearer or DPoP, or in a posted form (RFC 6750 §2); never in
//! the URL, which ends up in logs.
//!
//! Not here: whether the token is good (`authority::userinfo`), and what it opens (`protocol::openid`).

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use authority::dpop::DpopFailure;
use authority::userinfo::UserinfoFailure;
use protocol::bearer::{self, BearerChallenge};
use protocol::client::AssertionAlgorithm;
use protocol::dpop::{self, DpopChallenge};
use protocol::error_code::ProtocolError as _;
use protocol::openid::{UserinfoClaims, UserinfoError};
use protocol::{Parameters, ScopeSet, SecretText};

use crate::http::dpop::{add_nonce, shown_proof};
use crate::http::oauth_error::{OAuthErrorBody, OAuthFailure};
use crate::http::{body, json};
use crate::tenancy::TenantRequest;

/// A token, and how it came.
struct Shown {
    token: SecretText,
    is_dpop: bool,
}

#[utoipa::path(
    get, path = "/userinfo", operation_id = "find_userinfo", tag = "openid",
    summary = "Ask who the person is (OpenID Connect Core §5.3)",
    description = "With an access token whose audience is this endpoint, as Bearer or DPoP. `profile` and `email` \
        open their claims. `POST` takes the same, and the token as `access_token` of a form.",
    responses(
        (status = 200, description = "The claims", body = serde_json::Value, content_type = "application/json"),
        (status = 401, description = "No token, or one that is not good here", body = OAuthErrorBody),
        (status = 403, description = "The token was not granted `openid`", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security(("access_token" = []))
)]
pub async fn get(request: TenantRequest) -> HttpResponse {
    respond(request).await
}

#[utoipa::path(
    post, path = "/userinfo", operation_id = "post_userinfo", tag = "openid",
    summary = "Ask who the person is, with a form (OpenID Connect Core §5.3)",
    request_body(content = UserinfoForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The claims", body = serde_json::Value, content_type = "application/json"),
        (status = 400, description = "The token was sent in two ways", body = OAuthErrorBody),
        (status = 401, description = "No token, or one that is not good here", body = OAuthErrorBody),
        (status = 403, description = "The token was not granted `openid`", body = OAuthErrorBody),
        (status = 503, description = "Try again", body = OAuthErrorBody),
    ),
    security((), ("access_token" = []))
)]
pub async fn post(request: TenantRequest) -> HttpResponse {
    respond(request).await
}

/// Both ways.
pub async fn answer(request: TenantRequest) -> HttpResponse {
    if *request.http.method() == Method::POST {
        post(request).await
    } else {
        get(request).await
    }
}

async fn respond(mut request: TenantRequest) -> HttpResponse {
    let mut response = match find(&mut request).await {
        Ok(claims) => json::answer(StatusCode::OK, &claims),
        Err(Refused::Unreadable(failure)) => failure.respond(request.request_id),
        Err(Refused::Answered(failure)) => refuse(&request, failure),
    };
    // RFC 9449 §8.2.
    let nonce = request.authority().next_dpop_nonce(&request.tenant);
    add_nonce(response.headers_mut(), nonce.as_deref());
    response
}

enum Refused {
    Unreadable(OAuthFailure),
    Answered(UserinfoFailure),
}

impl From<OAuthFailure> for Refused {
    fn from(failure: OAuthFailure) -> Self {
        Self::Unreadable(failure)
    }
}

impl From<UserinfoError> for Refused {
    fn from(error: UserinfoError) -> Self {
        Self::Answered(error.into())
    }
}

async fn find(request: &mut TenantRequest) -> Result<UserinfoClaims, Refused> {
    let shown = read_token(request).await?;
    let proof = shown.is_dpop.then(|| shown_proof(request, "userinfo"));
    request
        .authority()
        .userinfo(&request.tenant, shown.token.expose(), proof.as_ref())
        .await
        .map_err(Refused::Answered)
}

/// RFC 6750 §2: one way per request.
async fn read_token(request: &mut TenantRequest) -> Result<Shown, Refused> {
    let in_form = read_form_token(request).await?;
    let in_header = match request.header("authorization") {
        None => None,
        Some(header) => Some(read_header(header)?),
    };
    match (in_header, in_form) {
        (Some(_), Some(_)) => Err(UserinfoError::TokenTwice.into()),
        (Some(shown), None) => Ok(shown),
        (None, Some(token)) => Ok(Shown {
            token,
            is_dpop: false,
        }),
        (None, None) => Err(UserinfoError::TokenMissing.into()),
    }
}

/// Another scheme is no attempt at all; ours with something unreadable is a failed one.
fn read_header(header: &str) -> Result<Shown, UserinfoError> {
    let scheme = header.trim().split(' ').next().unwrap_or_default();
    if let Some(token) = dpop::token_from_header(header) {
        return Ok(Shown {
            token,
            is_dpop: true,
        });
    }
    if let Some(token) = bearer::token_from_header(header) {
        return Ok(Shown {
            token,
            is_dpop: false,
        });
    }
    let is_ours = ["bearer", "dpop"]
        .iter()
        .any(|ours| scheme.eq_ignore_ascii_case(ours));
    Err(if is_ours {
        UserinfoError::TokenNotGood
    } else {
        UserinfoError::TokenMissing
    })
}

/// RFC 6750 §2.2: of a form that was posted.
async fn read_form_token(request: &mut TenantRequest) -> Result<Option<SecretText>, Refused> {
    let is_form = *request.http.method() == Method::POST
        && body::essence_of(&request.http) == "application/x-www-form-urlencoded";
    if !is_form {
        return Ok(None);
    }
    let bytes = request.body().await.map_err(OAuthFailure::from)?;
    let parameters = Parameters::parse(&bytes).map_err(OAuthFailure::from)?;
    let sent = parameters.single("access_token");
    let sent = sent.map_err(|_| UserinfoError::TokenTwice)?;
    Ok(sent.map(SecretText::from))
}

/// RFC 6750 §3, RFC 9449 §7.1: what would be accepted, each scheme in a header of its own.
fn refuse(request: &TenantRequest, failure: UserinfoFailure) -> HttpResponse {
    let (bearer, dpop) = challenges(&failure);
    let answer = match failure {
        UserinfoFailure::Store(error) => OAuthFailure::from(error),
        UserinfoFailure::Refused(error) => OAuthFailure::from_rule(&error),
        UserinfoFailure::Dpop(DpopFailure::Store(error)) => error.into(),
        UserinfoFailure::Dpop(refused) => {
            OAuthFailure::from(refused).with_status(StatusCode::UNAUTHORIZED)
        }
    };
    let mut response = answer.respond(request.request_id);
    let headers = response.headers_mut();
    headers.remove(WWW_AUTHENTICATE);
    for challenge in [
        bearer.map(|it| it.to_string()),
        dpop.map(|it| it.to_string()),
    ] {
        let value = challenge.and_then(|text| HeaderValue::try_from(text).ok());
        if let Some(value) = value {
            headers.append(WWW_AUTHENTICATE, value);
        }
    }
    response
}

fn challenges(failure: &UserinfoFailure) -> (Option<BearerChallenge>, Option<DpopChallenge>) {
    let told = match failure {
        UserinfoFailure::Store(_) | UserinfoFailure::Dpop(DpopFailure::Store(_)) => {
            return (None, None);
        }
        UserinfoFailure::Dpop(error) => {
            return (None, Some(dpop_challenge(Some(error.to_oauth_error()))));
        }
        UserinfoFailure::Refused(UserinfoError::TokenIsBound) => {
            let told = UserinfoError::TokenIsBound.to_oauth_error();
            return (None, Some(dpop_challenge(Some(told))));
        }
        // RFC 6750 §3.1: who did not try is told of no error.
        UserinfoFailure::Refused(UserinfoError::TokenMissing) => None,
        UserinfoFailure::Refused(error) => Some(error.to_oauth_error()),
    };
    let scope = match failure {
        UserinfoFailure::Refused(UserinfoError::OpenidNotGranted) => {
            ScopeSet::parse(protocol::scope::OPENID).unwrap_or_default()
        }
        _ => ScopeSet::empty(),
    };
    let bearer = BearerChallenge {
        realm: Some("writ".to_owned()),
        error: told.as_ref().map(|error| error.code),
        description: told.as_ref().map(|error| error.description.clone()),
        scope,
    };
    (Some(bearer), Some(dpop_challenge(told)))
}

fn dpop_challenge(told: Option<protocol::OAuthError>) -> DpopChallenge {
    let algorithms = AssertionAlgorithm::ALL.iter();
    DpopChallenge {
        error: told.as_ref().map(|error| error.code),
        description: told.map(|error| error.description),
        algorithms: algorithms.map(|algorithm| algorithm.as_str()).collect(),
    }
}

/// What the body says.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the parameters, which are read one by one"
)]
pub struct UserinfoForm {
    /// Where it is not in the Authorization header.
    access_token: Option<String>,
}
