//! A request whose tenant is known: what every endpoint is handed.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, web};
use authority::Authority;
use authority::audit::Origin as AuditOrigin;
use authority::decisions::RuleRefusal;
use authority::policy::PolicyAction;
use protocol::client::{Client, GrantType};
use protocol::error_code::OAuthError;
use protocol::parameters::ParametersError;
use protocol::{Parameters, Timestamp, UserId};
use store::Tenant;

use crate::http::body::{self, BodyError};
use crate::http::client_address::Origin;
use crate::http::oauth_error::OAuthFailure;
use crate::http::request_id::RequestId;
use crate::state::AppState;
use crate::tenancy::Found;

/// Nothing of the body has been read yet.
pub struct TenantRequest {
    pub state: Arc<AppState>,
    pub tenant: Arc<Tenant>,
    /// The last segment of the path, at endpoints that have one thing of many behind each URL.
    pub segment: Option<String>,
    /// Method, headers, cookies, query.
    pub http: HttpRequest,
    /// The other end, behind trusted proxies.
    pub client_address: IpAddr,
    /// Whether the client speaks TLS with us, or with such a proxy.
    pub is_https: bool,
    /// Shown as `error_id`.
    pub request_id: RequestId,
    payload: web::Payload,
}

impl TenantRequest {
    pub(crate) fn new(
        state: Arc<AppState>,
        found: Found,
        http: HttpRequest,
        payload: web::Payload,
        origin: &Origin,
        request_id: RequestId,
    ) -> Self {
        Self {
            state,
            tenant: found.tenant,
            segment: found.segment,
            http,
            client_address: origin.client_address,
            is_https: origin.is_https,
            request_id,
            payload,
        }
    }

    pub fn authority(&self) -> &Arc<Authority> {
        &self.state.authority
    }

    pub fn now(&self) -> Timestamp {
        self.state.authority.now()
    }

    /// The parameters of the URL.
    pub fn query(&self) -> Result<Parameters, ParametersError> {
        Parameters::parse(self.http.query_string().as_bytes())
    }

    /// The body as bytes, at most 64 KB.
    pub async fn body(&mut self) -> Result<Bytes, BodyError> {
        body::read(&mut self.payload).await
    }

    /// The parameters of a form body, which must say that it is one.
    pub async fn form(&mut self) -> Result<Parameters, OAuthFailure> {
        body::read_form(&self.http, &mut self.payload).await
    }

    /// Where it came from, for the audit.
    pub fn origin(&self) -> AuditOrigin {
        AuditOrigin {
            request_id: Some(self.request_id.to_string()),
            address: Some(self.client_address),
        }
    }

    /// A trace for the administrator, found by the `error_id` of the answer; `user_id` of whoever is signed in.
    /// False: it is no refusal that leaves one here.
    pub fn record_refusal(
        &self,
        client: &Client,
        user_id: Option<UserId>,
        action: PolicyAction,
        grant_type: Option<GrantType>,
        error: &OAuthError,
    ) -> bool {
        let refusal = RuleRefusal {
            tenant: &self.tenant,
            client,
            user_id,
            action,
            grant_type,
            error,
            origin: &self.origin(),
        };
        self.authority().record_rule_refusal(&refusal);
        refusal.is_by_a_rule()
    }

    /// A header as text; absent where it is none.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.http
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    }
}
