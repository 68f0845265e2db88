//! DPoP proofs in requests, and nonces in answers (RFC 9449).
//!
//! Not here: what a proof must say (`protocol::dpop`), and whether it was used before (`authority::dpop`).
//!
//! To take proofs at one more endpoint: [`shown_proof`] with its name. A refusal that asks for a nonce
//! brings one by itself; other answers bring one where the endpoint calls [`add_nonce`], as `/par` does not.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use authority::dpop::{DpopFailure, ShownProof};

use super::oauth_error::OAuthFailure;
use crate::tenancy::TenantRequest;

const PROOF: HeaderName = HeaderName::from_static("dpop");
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// What the request shows. `name` is the endpoint's own, as the metadata have it: what a client signs that
/// stands behind a proxy which calls us by another path.
pub fn shown_proof<'a>(request: &'a TenantRequest, name: &str) -> ShownProof<'a> {
    let headers: Vec<Option<&str>> = request
        .http
        .headers()
        .get_all(PROOF)
        .map(|value| value.to_str().ok())
        .collect();
    ShownProof {
        // Nearly every request has none, and then nobody asks for them.
        urls: if headers.is_empty() {
            Vec::new()
        } else {
            urls_of(request, name)
        },
        headers,
        method: request.http.method().as_str(),
    }
}

fn urls_of(request: &TenantRequest, name: &str) -> Vec<String> {
    let issuer = request.tenant.issuer();
    let path = request.http.path();
    // The tenant was found by its host, so that is the issuer's own. The scheme may differ where a proxy
    // that we trust ends TLS before an http issuer, or one that we do not know ends it before us.
    let scheme = if request.is_https { "https" } else { "http" };
    vec![
        issuer.endpoint(name),
        format!("{}{path}", issuer.origin()),
        format!("{scheme}://{}{path}", issuer.location().host),
    ]
}

/// RFC 9449 §8.2: may come with any answer, so that the next request needs no second try.
pub fn add_nonce(headers: &mut HeaderMap, nonce: Option<&str>) {
    if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::from_str(nonce).ok()) {
        headers.insert(NONCE, nonce);
    }
}

impl From<DpopFailure> for OAuthFailure {
    fn from(failure: DpopFailure) -> Self {
        match failure {
            DpopFailure::Refused { error, nonce } => Self::from_rule(&error).with_dpop_nonce(nonce),
            DpopFailure::Store(error) => error.into(),
        }
    }
}
