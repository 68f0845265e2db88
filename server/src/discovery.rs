//! `GET …/.well-known/oauth-authorization-server` and `…/openid-configuration`: the tenant's metadata
//! (RFC 8414), as bytes that are made once and handed out until what they say changes.
//!
//! Not here: what the document says (`protocol::metadata`).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use authority::policy;
use authority::published::fresh_or_last;
use protocol::client::DeviceAuthorizationMode;
use protocol::metadata::{AuthorizationServerMetadata, MetadataFacts};
use protocol::resource::Resources;
use protocol::{ScopeSet, SigningAlgorithm, TenantId};
use store::{StoreError, Tenant};

use crate::http::oauth_error::OAuthFailure;
use crate::tenancy::TenantRequest;

/// Short: a changed policy shows itself soon. RFC 8414 says nothing about caching.
const MAX_AGE: &str = "public, max-age=60";
/// Some 2 KB each.
const MAX_DOCUMENTS: usize = 20_000;

/// A document with its ETag.
#[derive(Debug, Clone)]
pub struct ReadyDocument {
    pub body: Bytes,
    pub etag: String,
}

/// The documents of the tenants that were asked for.
#[derive(Default)]
pub(crate) struct ReadyMetadata {
    documents: RwLock<HashMap<TenantId, Entry>>,
}

/// What a document is made from. It is current while these are the very values.
struct MadeFrom {
    tenant: Arc<Tenant>,
    resources: Arc<Resources>,
    /// Of the key that signs now, which may not be the tenant's setting yet.
    signing_algorithm: SigningAlgorithm,
}

struct Entry {
    made_from: MadeFrom,
    document: ReadyDocument,
}

#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", operation_id = "find_metadata", tag = "discovery",
    summary = "The issuer's metadata (RFC 8414)",
    description = "Also under `/.well-known/openid-configuration`, and with either prefix before the issuer's path.",
    responses(
        (status = 200, description = "The metadata", body = serde_json::Value, content_type = "application/json"),
        (status = 304, description = "Unchanged since the ETag that was sent"),
        (status = 404, description = "No such issuer", body = crate::http::oauth_error::OAuthErrorBody),
    )
)]
pub async fn answer(request: &TenantRequest) -> HttpResponse {
    match find_document(request).await {
        Ok(document) => ready(&request.http, &document, MAX_AGE),
        Err(error) => OAuthFailure::from(error).respond(request.request_id),
    }
}

async fn find_document(request: &TenantRequest) -> Result<ReadyDocument, StoreError> {
    let metadata = &request.state.metadata;
    let tenant = &request.tenant;
    // With PostgreSQL down, discovery goes on with what it last said.
    let fresh = async {
        let authority = request.authority();
        let made_from = MadeFrom {
            tenant: Arc::clone(tenant),
            resources: authority.directory().list_resources(tenant).await?,
            signing_algorithm: authority.key_ring().find_signing_algorithm(tenant).await?,
        };
        Ok(metadata.find_or_make(made_from))
    };
    fresh_or_last(fresh, metadata.find_last(tenant.id())).await
}

impl ReadyMetadata {
    fn find_or_make(&self, made_from: MadeFrom) -> ReadyDocument {
        let tenant_id = made_from.tenant.id();
        let documents = self
            .documents
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = documents.get(&tenant_id)
            && entry.made_from.is_same_as(&made_from)
        {
            return entry.document.clone();
        }
        drop(documents);
        let document = make(&made_from);
        let mut documents = self
            .documents
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if documents.len() >= MAX_DOCUMENTS && !documents.contains_key(&tenant_id) {
            // Made again when asked for again.
            documents.clear();
        }
        let entry = Entry {
            made_from,
            document: document.clone(),
        };
        documents.insert(tenant_id, entry);
        document
    }

    fn find_last(&self, tenant_id: TenantId) -> Option<ReadyDocument> {
        let documents = self
            .documents
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        documents
            .get(&tenant_id)
            .map(|entry| entry.document.clone())
    }
}

impl MadeFrom {
    fn is_same_as(&self, other: &Self) -> bool {
        self.tenant == other.tenant
            && Arc::ptr_eq(&self.resources, &other.resources)
            && self.signing_algorithm == other.signing_algorithm
    }
}

fn make(made_from: &MadeFrom) -> ReadyDocument {
    let tenant = &made_from.tenant;
    let scopes = made_from
        .resources
        .iter()
        .fold(ScopeSet::empty(), |all, resource| {
            all.union(&resource.all_scopes())
        });
    let registration = policy::registration_policy(tenant);
    let settings = tenant.settings();
    let metadata = AuthorizationServerMetadata::new(&MetadataFacts {
        issuer: tenant.issuer(),
        registration,
        takes_client_documents: policy::takes_client_documents(tenant),
        is_par_required: settings.is_par_required,
        takes_device_requests: settings.device_authorization != DeviceAuthorizationMode::Off,
        signing_algorithm: made_from.signing_algorithm,
        scopes: &scopes,
    });
    let body = Bytes::from(serde_json::to_vec(&metadata).unwrap_or_default());
    let etag = etag_of(&body);
    ReadyDocument { body, etag }
}

/// FNV-1a, the same on every replica: tells one document of ours from the next, guards nothing.
pub(crate) fn etag_of(body: &[u8]) -> String {
    let fingerprint = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
        (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{fingerprint:016x}\"")
}

/// Hands out ready bytes, or 304 to whoever has them (RFC 9110 §13.1.2).
pub(crate) fn ready(
    http: &HttpRequest,
    document: &ReadyDocument,
    cache_control: &'static str,
) -> HttpResponse {
    ready_as("application/json", http, document, cache_control)
}

/// The same, of another type.
pub(crate) fn ready_as(
    content_type: &'static str,
    http: &HttpRequest,
    document: &ReadyDocument,
    cache_control: &'static str,
) -> HttpResponse {
    let is_known = http
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|sent| names_etag(sent, &document.etag));
    let mut builder = HttpResponse::build(if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    });
    builder
        .insert_header((header::CACHE_CONTROL, cache_control))
        .insert_header((header::ETAG, document.etag.as_str()));
    if is_known {
        return builder.finish();
    }
    builder
        .insert_header((header::CONTENT_TYPE, content_type))
        .body(document.body.clone())
}

fn names_etag(sent: &str, etag: &str) -> bool {
    sent.split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_recognised_in_a_list_weak_or_not() {
        let etag = etag_of(b"{}");
        for sent in [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"x\", {etag}"),
            "*".to_owned(),
        ] {
            assert!(names_etag(&sent, &etag), "{sent}");
        }
        assert!(!names_etag("\"x\"", &etag));
        assert_ne!(etag_of(b"{}"), etag_of(b"[]"));
    }
}
