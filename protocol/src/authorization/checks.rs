//! The checks of the authorization endpoint, in order. The order is policy: until client and redirect
//! URI are certain nothing is redirected (`AuthorizeError::Page`), afterwards everything may be.

use crate::client::{Client, GrantType};
use crate::dpop::JwkThumbprint;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::{ClientId, ResourceId};
use crate::issuer::Issuer;
use crate::parameters::{Parameters, ParametersError, Repeated};
use crate::pkce::ChallengeError;
use crate::redirect_uri::{RedirectUriMismatch, VerifiedRedirectUri, match_redirect_uri};
use crate::resource::{Resource, ResourceChoice, Resources, TargetError};
use crate::scope::{self, ScopeError, ScopeSet};

use super::proof::ProofOfPossession;
use super::request::{AuthorizationRequest, Prompts};
use super::step_up;

/// What the checks look at; the client has been loaded by `named_client`.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationContext<'a> {
    pub parameters: &'a Parameters,
    pub client: &'a Client,
    pub resources: &'a Resources,
    pub tenant_default_resource: Option<ResourceId>,
    pub issuer: &'a Issuer,
    /// The tenant lets clients that authenticate at the token endpoint do without PKCE.
    pub tolerates_missing_challenge: bool,
    /// Tenant or client take requests by PAR only, and this one came without (RFC 9126 §5, §6).
    pub is_push_missing: bool,
}

/// Where a refusal may be shown at all; `placement` says where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizeError {
    /// Shown, never redirected.
    #[error(transparent)]
    Page(#[from] PageError),
    /// May be sent to the client.
    #[error("{error}")]
    Redirect {
        error: RedirectError,
        redirect_uri: Box<VerifiedRedirectUri>,
        state: Option<String>,
    },
}

/// RFC 6749 §4.1.2.1: with such a request nobody knows where an answer belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    #[error("the application did not say who it is: client_id is missing")]
    ClientMissing,
    #[error("the application sent its client_id or redirect_uri more than once")]
    Repeated(#[from] Repeated),
    #[error(
        "the application is not known here; it may have been removed, or belong to another tenant"
    )]
    UnknownClient,
    #[error("the application has been disabled by an administrator")]
    ClientDisabled,
    #[error(transparent)]
    RedirectUri(#[from] RedirectUriMismatch),
    #[error(
        "this sign-in has expired or was started in another browser; go back to the application and start again"
    )]
    PendingNotUsable,
}

impl ProtocolError for PageError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownClient => ErrorCode::InvalidClient,
            Self::ClientDisabled => ErrorCode::UnauthorizedClient,
            Self::Parameters(_)
            | Self::ClientMissing
            | Self::Repeated(_)
            | Self::RedirectUri(_)
            | Self::PendingNotUsable => ErrorCode::InvalidRequest,
        }
    }
}

impl PageError {
    /// Row A1: pages of a bad request are 400 (a body too large is 413).
    pub fn page_status(&self) -> u16 {
        match self {
            Self::Parameters(error) => error.status(),
            _ => 400,
        }
    }
}

/// What the client may be told, or must not be told before somebody has signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    #[error(transparent)]
    Repeated(#[from] Repeated),
    #[error("request objects are not supported; send plain parameters")]
    RequestObject,
    #[error("request_uri is not supported; send plain parameters")]
    RequestUri,
    #[error(
        "push the authorization request first (pushed_authorization_request_endpoint), and send its request_uri"
    )]
    PushMissing,
    #[error("response_type is missing; send response_type=code")]
    ResponseTypeMissing,
    #[error("response_type must be code")]
    ResponseType,
    #[error("response_mode must be query")]
    ResponseMode,
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    #[error("this client is not registered for the authorization_code grant")]
    GrantNotRegistered,
    #[error("prompt=none cannot be combined with other values")]
    PromptContradicts,
    #[error("max_age must be a whole number of seconds")]
    MaxAge,
    #[error("dpop_jkt must be the SHA-256 thumbprint of a key")]
    DpopJkt,
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error("nobody is signed in, and prompt=none forbids asking")]
    LoginRequired,
    #[error("consent is needed, and prompt=none forbids asking")]
    ConsentRequired,
    #[error("this application asks every time, and prompt=none forbids asking")]
    InteractionRequired,
    #[error("the person refused")]
    Denied,
    #[error(
        "the scopes that this request adds are not to be had: a new authorization would give no more than the client holds already"
    )]
    NothingMore,
    /// The reference leads an administrator to the decision.
    #[error(
        "the policies of this tenant do not allow it; its administrator finds out why by the reference {reference}"
    )]
    PolicyDenied { reference: String },
    #[error("the server cannot answer at the moment; try again shortly")]
    Unavailable,
    #[error("something went wrong here; the reference id finds it in the server's log")]
    Internal,
}

impl RedirectError {
    /// What was asked for and is no resource.
    pub fn refused_resource(&self) -> Option<&str> {
        match self {
            Self::Target(error) => error.refused_value(),
            _ => None,
        }
    }
}

impl ProtocolError for RedirectError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Repeated(_)
            | Self::PushMissing
            | Self::ResponseTypeMissing
            | Self::ResponseMode
            | Self::PromptContradicts
            | Self::MaxAge
            | Self::DpopJkt => ErrorCode::InvalidRequest,
            Self::Challenge(error) => error.code(),
            Self::RequestObject => ErrorCode::RequestNotSupported,
            Self::RequestUri => ErrorCode::RequestUriNotSupported,
            Self::ResponseType => ErrorCode::UnsupportedResponseType,
            Self::GrantNotRegistered => ErrorCode::UnauthorizedClient,
            Self::Target(error) => error.code(),
            Self::Scope(error) => error.code(),
            Self::LoginRequired => ErrorCode::LoginRequired,
            Self::ConsentRequired => ErrorCode::ConsentRequired,
            Self::InteractionRequired => ErrorCode::InteractionRequired,
            Self::Denied | Self::NothingMore | Self::PolicyDenied { .. } => ErrorCode::AccessDenied,
            Self::Unavailable => ErrorCode::TemporarilyUnavailable,
            Self::Internal => ErrorCode::ServerError,
        }
    }
}

/// Who the request says it comes from: the first thing to look up.
pub fn named_client(parameters: &Parameters) -> Result<ClientId, PageError> {
    let client_id = parameters
        .single("client_id")?
        .ok_or(PageError::ClientMissing)?;
    ClientId::parse(client_id).map_err(|_| PageError::UnknownClient)
}

/// Where answers go: the second thing, before any other parameter is looked at.
pub fn verified_redirect_uri(
    parameters: &Parameters,
    client: &Client,
) -> Result<VerifiedRedirectUri, PageError> {
    let sent = parameters.single("redirect_uri")?;
    Ok(match_redirect_uri(&client.redirect_uris, sent)?)
}

/// All checks in their order.
pub fn check(context: &AuthorizationContext<'_>) -> Result<AuthorizationRequest, AuthorizeError> {
    let parameters = context.parameters;
    let redirect_uri = verified_redirect_uri(parameters, context.client)?;
    if !context.client.is_enabled {
        return Err(PageError::ClientDisabled.into());
    }
    let state = parameters
        .single("state")
        .ok()
        .flatten()
        .map(ToOwned::to_owned);
    check_the_rest(context, &redirect_uri, state.clone()).map_err(|error| {
        AuthorizeError::Redirect {
            error,
            redirect_uri: Box::new(redirect_uri),
            state,
        }
    })
}

fn check_the_rest(
    context: &AuthorizationContext<'_>,
    redirect_uri: &VerifiedRedirectUri,
    state: Option<String>,
) -> Result<AuthorizationRequest, RedirectError> {
    let parameters = context.parameters;
    nothing_is_repeated(parameters)?;
    no_request_object(parameters)?;
    is_pushed_where_it_must_be(context)?;
    response_type_is_code(parameters)?;
    response_mode_is_query(parameters)?;
    let proof = proof(context)?;
    client_may_use_codes(context.client)?;
    let prompts = prompts(parameters)?;
    let max_age_seconds = max_age(parameters)?;
    let dpop_jkt = dpop_jkt(parameters)?;
    let asked = asked_scopes(parameters)?;
    let resources = resources(context, asked.as_ref())?;
    let scopes = scope::narrow(asked.as_ref(), &resources, context.client)?;
    let text = |name| Ok::<_, Repeated>(parameters.single(name)?.map(ToOwned::to_owned));
    Ok(AuthorizationRequest {
        redirect_uri: redirect_uri.clone(),
        state,
        proof,
        resources: resources
            .iter()
            .map(|resource| resource.resource_id)
            .collect(),
        refused_scopes: step_up::refused_scopes(asked.as_ref(), &scopes),
        scopes,
        prompts,
        max_age_seconds,
        nonce: text("nonce")?,
        acr_values: text("acr_values")?,
        dpop_jkt,
        login_hint: text("login_hint")?,
        ui_locales: text("ui_locales")?,
    })
}

/// Every parameter that is ours to read, except `resource`, comes once (RFC 6749 §3.1).
const SINGLE_PARAMETERS: [&str; 16] = [
    "state",
    "response_type",
    "response_mode",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "nonce",
    "acr_values",
    "dpop_jkt",
    "login_hint",
    "ui_locales",
    "request",
    "request_uri",
    "id_token_hint",
];

/// Whether the authorization endpoint reads it, beside `client_id`.
pub(super) fn is_ours(name: &str) -> bool {
    matches!(name, "redirect_uri" | "resource") || SINGLE_PARAMETERS.contains(&name)
}

fn nothing_is_repeated(parameters: &Parameters) -> Result<(), RedirectError> {
    SINGLE_PARAMETERS
        .iter()
        .try_for_each(|name| parameters.single(name).map(|_| ()))?;
    Ok(())
}

/// Row A13: refused without being read, and above all without being fetched.
fn no_request_object(parameters: &Parameters) -> Result<(), RedirectError> {
    if parameters.contains("request") {
        return Err(RedirectError::RequestObject);
    }
    if parameters.contains("request_uri") {
        return Err(RedirectError::RequestUri);
    }
    Ok(())
}

/// RFC 9126 §5, §6.
fn is_pushed_where_it_must_be(context: &AuthorizationContext<'_>) -> Result<(), RedirectError> {
    if context.is_push_missing {
        return Err(RedirectError::PushMissing);
    }
    Ok(())
}

/// OAuth 2.1 §4.1.1; the implicit and hybrid types do not exist here.
fn response_type_is_code(parameters: &Parameters) -> Result<(), RedirectError> {
    match parameters.single("response_type")? {
        Some("code") => Ok(()),
        Some(_) => Err(RedirectError::ResponseType),
        None => Err(RedirectError::ResponseTypeMissing),
    }
}

fn response_mode_is_query(parameters: &Parameters) -> Result<(), RedirectError> {
    match parameters.single("response_mode")? {
        None | Some("query") => Ok(()),
        Some(_) => Err(RedirectError::ResponseMode),
    }
}

/// OAuth 2.1 §4.1.1: PKCE of every client, confidential ones too, unless the tenant tolerates less.
fn proof(context: &AuthorizationContext<'_>) -> Result<ProofOfPossession, RedirectError> {
    let challenge = context.parameters.single("code_challenge")?;
    let method = context.parameters.single("code_challenge_method")?;
    Ok(ProofOfPossession::from_request(
        challenge,
        method,
        context.client,
        context.tolerates_missing_challenge,
    )?)
}

fn client_may_use_codes(client: &Client) -> Result<(), RedirectError> {
    let may = client.may_use(GrantType::AuthorizationCode);
    may.then_some(()).ok_or(RedirectError::GrantNotRegistered)
}

fn prompts(parameters: &Parameters) -> Result<Prompts, RedirectError> {
    Prompts::parse(parameters.single("prompt")?).map_err(|_| RedirectError::PromptContradicts)
}

fn max_age(parameters: &Parameters) -> Result<Option<u64>, RedirectError> {
    let sent = parameters.single("max_age")?;
    // `+5` parses as a number, but is not one that a client may send.
    sent.map(|text| {
        let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        digits
            .and_then(|text| text.parse().ok())
            .ok_or(RedirectError::MaxAge)
    })
    .transpose()
}

/// RFC 9449 §10: whatever else it is, it is no key.
fn dpop_jkt(parameters: &Parameters) -> Result<Option<JwkThumbprint>, RedirectError> {
    let sent = parameters.single("dpop_jkt")?;
    sent.map(|text| JwkThumbprint::parse(text).map_err(|_| RedirectError::DpopJkt))
        .transpose()
}

/// RFC 8707 §2.1. None at all: a plain OpenID sign-in.
fn resources<'a>(
    context: &AuthorizationContext<'a>,
    asked: Option<&ScopeSet>,
) -> Result<Vec<&'a Resource>, RedirectError> {
    let choice = ResourceChoice {
        resources: context.resources,
        client: context.client,
        tenant_default: context.tenant_default_resource,
        issuer: context.issuer,
    };
    Ok(choice.at_authorize(&context.parameters.all("resource"), asked)?)
}

fn asked_scopes(parameters: &Parameters) -> Result<Option<ScopeSet>, RedirectError> {
    let sent = parameters.single("scope")?;
    Ok(sent.map(ScopeSet::parse).transpose()?)
}

#[cfg(test)]
mod tests;
