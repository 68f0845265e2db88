//! POST …/policies/explain.

use std::net::IpAddr;

use authority::decisions::{Check, CheckResult, Explanation, WhatIf};
use protocol::client::GrantType;
use protocol::{ClientId, ScopeSet, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::decisions::PolicyOut;
use crate::operation::Found;
use crate::principal::TenantRead;
use crate::principal::kinds::Policies;
use crate::problem::{Faults, Problem};
use crate::request::Body;

const MOST_RESOURCES: usize = 20;
const MOST_BYTES: usize = 2_048;
const URI_LIKE: &str = "1 to 2048 visible ASCII characters.";

/// A request that nobody makes.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Explain, example = json!({"client_id": "notes-desktop", "scope": "notes:read"}))]
#[serde(deny_unknown_fields)]
pub struct ExplainIn {
    #[schema(example = "notes-desktop")]
    client_id: String,
    /// Whoever would sign in. Left out for `client_credentials`.
    #[serde(default)]
    user_id: Option<String>,
    /// `authorization_code` where it is left out.
    #[serde(default)]
    #[schema(example = "authorization_code")]
    grant_type: Option<String>,
    /// As a client sends them; left out: the default resource.
    #[serde(default)]
    #[schema(example = json!(["https://mcp.example.com/mcp"]))]
    resources: Vec<String>,
    /// Separated by spaces; left out: the default scopes.
    #[serde(default)]
    #[schema(example = "notes:read notes:write")]
    scope: Option<String>,
    /// Left out: the first that the client registered.
    #[serde(default)]
    redirect_uri: Option<String>,
    /// Where the request would come from.
    #[serde(default)]
    #[schema(example = "203.0.113.7")]
    address: Option<String>,
    /// When the person signed in; left out: just now.
    #[serde(default)]
    #[schema(format = DateTime)]
    authenticated_at: Option<String>,
}

/// What would happen, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationOut {
    /// `allowed`, `narrowed`, `denied` or `stronger_sign_in`.
    #[schema(example = "narrowed")]
    pub outcome: &'static str,
    /// What the access token would have.
    #[schema(example = "notes:read")]
    pub scope: String,
    /// What it would be for.
    pub resources: Vec<String>,
    /// Null: the policies that every tenant begins with.
    pub policy_version: Option<i64>,
    /// Every check, in the order of the flow; it ends with the one that fails.
    pub checks: Vec<ExplainedCheck>,
}

/// One check of what would happen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExplainedCheck)]
pub struct ExplainedCheck {
    /// `tenant`, `client`, `grant_type`, `user`, `redirect_uri`, `resource`, `scopes`, `policies` or `consent`.
    #[schema(example = "policies")]
    pub check: &'static str,
    /// `passed`, `narrowed`, `failed` or `sign_in_needed`.
    #[schema(example = "failed")]
    pub result: &'static str,
    #[schema(example = "notes:write")]
    pub scope: Option<String>,
    pub resource: Option<String>,
    /// Those that made it so.
    pub policies: Vec<PolicyOut>,
    /// In a sentence.
    pub reason: String,
}

impl ExplainIn {
    fn read(self) -> Result<WhatIf, Problem> {
        let mut faults = Faults::default();
        let client_id = faults.take("client_id", ClientId::parse(&self.client_id));
        let user_id = self.user_id.as_deref().map(str::parse::<UserId>);
        if matches!(user_id, Some(Err(_))) {
            faults.add("user_id", "The id of a user is a UUID.");
        }
        let asked = self.grant_type.as_deref();
        let grant_type = asked.map_or(Some(GrantType::AuthorizationCode), GrantType::parse);
        if grant_type.is_none() {
            let names: Vec<&str> = GrantType::ALL.iter().map(|it| it.as_str()).collect();
            let known = names.join(", ");
            faults.add("grant_type", format!("One of {known}."));
        }
        if self.resources.len() > MOST_RESOURCES || !self.resources.iter().all(|it| is_uri_like(it))
        {
            let detail = format!("At most {MOST_RESOURCES}; each {URI_LIKE}");
            faults.add("resources", detail);
        }
        if !self.redirect_uri.as_deref().is_none_or(is_uri_like) {
            faults.add("redirect_uri", URI_LIKE);
        }
        if self.scope.as_ref().is_some_and(|it| it.len() > MOST_BYTES) {
            faults.add("scope", format!("At most {MOST_BYTES} bytes."));
        }
        let scopes = self.scope.as_deref().map(ScopeSet::parse).transpose();
        let scopes = faults.take("scope", scopes).flatten();
        let address = self.address.as_deref().map(str::parse::<IpAddr>);
        if matches!(address, Some(Err(_))) {
            faults.add("address", "An IPv4 or IPv6 address.");
        }
        let authenticated_at = self.authenticated_at.as_deref().map(|text| {
            let at = Timestamp::parse_rfc3339(text);
            if at.is_none() {
                faults.add("authenticated_at", "A time such as 2030-01-31T12:00:00Z.");
            }
            at
        });
        faults.finish()?;
        let (Some(client_id), Some(grant_type)) = (client_id, grant_type) else {
            return Err(Problem::internal("a fault that was not told"));
        };
        Ok(WhatIf {
            client_id,
            user_id: user_id.and_then(Result::ok),
            grant_type,
            resources: self.resources,
            scopes,
            redirect_uri: self.redirect_uri,
            address: address.and_then(Result::ok),
            authenticated_at: authenticated_at.flatten(),
        })
    }
}

/// What no URI could be is a mistake of the question; what no client or resource has is answered.
fn is_uri_like(text: &str) -> bool {
    (1..=MOST_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl From<Explanation> for ExplanationOut {
    fn from(explanation: Explanation) -> Self {
        Self {
            outcome: explanation.settlement.as_str(),
            scope: explanation.scopes.to_string(),
            resources: explanation.resources,
            policy_version: explanation.policy_version,
            checks: explanation
                .checks
                .into_iter()
                .map(ExplainedCheck::from)
                .collect(),
        }
    }
}

impl From<Check> for ExplainedCheck {
    fn from(check: Check) -> Self {
        Self {
            check: check.check,
            result: match check.result {
                CheckResult::Passed => "passed",
                CheckResult::Narrowed => "narrowed",
                CheckResult::Failed => "failed",
                CheckResult::SignInNeeded => "sign_in_needed",
            },
            scope: check.scope,
            resource: check.resource,
            policies: check.policies.into_iter().map(PolicyOut::from).collect(),
            reason: check.reason,
        }
    }
}

/// Explain what would happen
///
/// Goes through every check of the flow for this client, person, resource and scopes, and says which of them decides.
/// Nothing is issued, counted or recorded.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/policies/explain",
    tag = "policies",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = ExplainIn,
    responses((status = 200, description = "What would happen, and why.", body = ExplanationOut)),
)]
pub async fn explain_policies(
    access: TenantRead<Policies>,
    api: Api,
    Body(body): Body<ExplainIn>,
) -> Result<Found<ExplanationOut>, Problem> {
    let what_if = body.read()?;
    let explained = api.authority().explain(&access.tenant, &what_if).await?;
    Ok(Found(explained.into()))
}
