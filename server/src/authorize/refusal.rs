//! Telling the client: the redirect with the answer, or our page with a button that does the same.
//!
//! Not here: which of the two (`protocol::authorization::placement`). Every way to a client's
//! address goes through [`location`], which needs a `VerifiedRedirectUri`.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use authority::policy::PolicyAction;
use protocol::ErrorCode;
use protocol::authorization::placement::Placement;
use protocol::authorization::{AuthorizationResponse, RedirectError};
use protocol::client::{Client, GrantType};
use protocol::error_code::{OAuthError, ProtocolError};
use protocol::redirect_uri::VerifiedRedirectUri;
use store::Tenant;

use super::journey::Session;
use super::stop::Stop;
use super::trouble::{self, Trouble};
use crate::pages::error::{BackButton, ErrorPage};
use crate::pages::{self, Frame};
use crate::tenancy::TenantRequest;

/// An error, and the client it is for.
pub struct Told<'a> {
    pub client: &'a Client,
    pub redirect_uri: &'a VerifiedRedirectUri,
    pub state: Option<&'a str>,
    pub error: OAuthError,
}

/// Shows the error where the table says.
pub fn tell(
    request: &TenantRequest,
    told: &Told<'_>,
    place: Placement,
) -> Result<HttpResponse, Stop> {
    let answer = AuthorizationResponse::Error(told.error.clone());
    let location = location(&request.tenant, &answer, told.redirect_uri, told.state);
    match place {
        Placement::Redirect => see_other(&location),
        // Nobody vouches for the client, or nobody is there who could: never by itself (A7).
        Placement::Page | Placement::LoginFirst | Placement::PageWithButton => {
            Ok(page_with_button(request, told, location))
        }
    }
}

fn page_with_button(request: &TenantRequest, told: &Told<'_>, href: String) -> HttpResponse {
    let tenant = request.tenant.display_name();
    let words = trouble::words_of_refusal(told.error.code);
    let page = ErrorPage {
        frame: Frame::of_tenant(tenant),
        what: words.what.to_owned(),
        why: words.why.to_owned(),
        advice: words.advice.to_owned(),
        contact: format!("whoever makes the application, or an administrator of {tenant},"),
        error_id: request.request_id.to_string(),
        code: told.error.code.as_str().to_owned(),
        detail: told.error.description.clone(),
        application: None,
        note: None,
        back: Some(BackButton {
            href,
            client_name: told.client.display_name().to_owned(),
            host: host_of(told.redirect_uri),
        }),
        retry: None,
    };
    let status = StatusCode::from_u16(told.error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    pages::respond(status, &page)
}

/// What stands in the log about an error that the client hears of.
pub fn log(request: &TenantRequest, client: &Client, error: &RedirectError) {
    tracing::info!(
        error_id = %request.request_id,
        client_id = %client.client_id,
        code = error.code().as_str(),
        cause = ?error,
        "an authorization request was refused"
    );
}

/// Of somebody signed in: an administrator finds out why by the reference, which no page carries where the client is
/// told in a redirect.
pub fn with_reference(
    request: &TenantRequest,
    client: &Client,
    session: &Session,
    error: &OAuthError,
) -> OAuthError {
    let user_id = Some(session.signed_in.user_id);
    let grant_type = Some(GrantType::AuthorizationCode);
    let has_trace =
        request.record_refusal(client, user_id, PolicyAction::Authorize, grant_type, error)
            || error.code == ErrorCode::AccessDenied;
    let reference = request.request_id.to_string();
    if !has_trace || error.description.contains(&reference) {
        return error.clone();
    }
    let description = format!("{} (reference {reference})", error.description);
    OAuthError::new(error.code, description)
}

/// Somebody signed in asked for it: an administrator may accept it as a name of a resource.
pub async fn keep_resource(request: &TenantRequest, client: &Client, refused: &str) {
    request
        .authority()
        .keep_refused_resource(&request.tenant, &client.client_id, refused)
        .await;
}

/// The one way to an address of a client.
pub fn location(
    tenant: &Tenant,
    answer: &AuthorizationResponse,
    redirect_uri: &VerifiedRedirectUri,
    state: Option<&str>,
) -> String {
    answer.location(redirect_uri, state, tenant.issuer())
}

/// A8: 303, so that no browser posts a password on to anybody.
pub fn see_other(location: &str) -> Result<HttpResponse, Stop> {
    let location = header::HeaderValue::try_from(location)
        .map_err(|_| Stop::new(Trouble::Internal).because("a location that is no header value"))?;
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .finish())
}

/// Where an answer goes, as a person reads it: host and port, or the whole private address.
pub fn host_of(redirect_uri: &VerifiedRedirectUri) -> String {
    use protocol::redirect_uri::RedirectUriKind;
    match redirect_uri.kind() {
        RedirectUriKind::Https | RedirectUriKind::Loopback => redirect_uri.display_host(),
        RedirectUriKind::PrivateUse => {
            let uri = redirect_uri.as_str();
            uri.split('?').next().unwrap_or(uri).to_owned()
        }
    }
}
