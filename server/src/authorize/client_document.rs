//! The client of a sign-in, and what is shown when the document that it names cannot be used: a page for
//! the person, who can do nothing about it, with a part for whoever builds the client, who can.
//!
//! Not here: fetching and keeping documents (`authority::client_documents`), their rules
//! (`protocol::client::metadata_document`). To tell one more kind of error: its arm in [`trouble_of`].

use actix_web::http::{StatusCode, header};
use authority::client_documents::{DocumentError, FoundClient};
use protocol::{ClientId, ErrorCode};
use url::Url;

use super::stop::Stop;
use super::trouble::Trouble;
use crate::http::oauth_error::OAuthFailure;
use crate::pages::error::DeveloperNote;
use crate::tenancy::TenantRequest;

/// `None` where nobody is called so.
pub async fn find_client(
    request: &TenantRequest,
    client_id: &ClientId,
) -> Result<Option<FoundClient>, Stop> {
    let authority = request.authority();
    let address = request.client_address;
    let request_id = request.request_id.to_string();
    let found =
        authority.find_client_for_authorization(&request.tenant, client_id, address, &request_id);
    found.await.map_err(|error| match error {
        DocumentError::Store(error) => error.into(),
        DocumentError::Limited(limited) => limited.into(),
        error => stop_of(request, client_id, &error),
    })
}

fn stop_of(request: &TenantRequest, client_id: &ClientId, error: &DocumentError) -> Stop {
    let (trouble, code) = (trouble_of(error), error.code());
    if wants_json(request) {
        return json(request, trouble.status(), code, &error.to_string());
    }
    let note = DeveloperNote {
        client_id: client_id.to_string(),
        code: code.as_str().to_owned(),
        member: error.member().unwrap_or_default().to_owned(),
        reason: error.to_string(),
    };
    Stop::new(trouble)
        .because(error.reason())
        .about(host_of(client_id.as_str()), note)
}

const fn trouble_of(error: &DocumentError) -> Trouble {
    match error {
        DocumentError::Url(_) | DocumentError::NotFetchable(_) | DocumentError::Invalid(_) => {
            Trouble::DocumentUnusable
        }
        DocumentError::Policy(_) | DocumentError::Refused(_) => Trouble::DocumentNotTaken,
        DocumentError::Unreachable(_) => Trouble::DocumentUnreachable,
        DocumentError::Busy => Trouble::Unavailable,
        DocumentError::Limited(_) => Trouble::TooManyTries,
        DocumentError::Store(_) => Trouble::Internal,
    }
}

/// The host that a client's URL names, as a person reads it.
pub fn host_of(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    let host = url.host_str()?;
    Some(
        url.port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
    )
}

/// A program that looks ahead before it opens a browser (mcp-remote does) reads JSON, and no browser
/// asks for it without asking for HTML.
pub fn wants_json(request: &TenantRequest) -> bool {
    let accept = request.header(header::ACCEPT.as_str()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}

/// The same for such a program.
pub fn json(
    request: &TenantRequest,
    status: StatusCode,
    code: ErrorCode,
    description: &str,
) -> Stop {
    let failure = OAuthFailure::new(code, description).with_status(status);
    let mut response = failure.respond(request.request_id);
    // This endpoint authenticates nobody.
    response.headers_mut().remove(header::WWW_AUTHENTICATE);
    Stop::answered(response)
}
