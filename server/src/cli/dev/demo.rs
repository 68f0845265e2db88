//! Fills the tenant `demo` through the admin API, as any operator would; what is there already stays.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::kept::Kept;
use crate::cli::CliError;
use crate::cli::http_call::{self, Answer, Call};
use crate::config::PublicUrl;

/// The resource that the first MCP server would be.
pub(super) const RESOURCE: &str = "http://localhost:8765/mcp";
/// The user that signs in.
pub(super) const USERNAME: &str = "demo";
const SLUG: &str = "demo";

/// What stands after filling.
#[derive(Debug)]
pub(super) struct Demo {
    pub(super) issuer: String,
}

struct AdminApi<'a> {
    address: SocketAddr,
    key: &'a SecretString,
}

/// Makes the tenant, its resource and its user, unless they are there.
pub(super) async fn fill(
    address: SocketAddr,
    key: &SecretString,
    public_url: &PublicUrl,
    kept: &Kept,
) -> Result<Demo, CliError> {
    let admin = AdminApi { address, key };
    let tenant_path = format!("/admin/v1/tenants/{SLUG}");
    let existing = admin.call("GET", &tenant_path, None).await?;
    let tenant = match existing.status {
        200 => read(&existing)?,
        404 => {
            let body = json!({ "slug": SLUG, "display_name": "Demo" });
            admin.create("/admin/v1/tenants", body).await?.ok_or(
                "the tenant `demo` was deleted, and a slug is never used again: remove .writ to begin anew, or use another database",
            )?
        }
        _ => return Err(unexpected("GET", &tenant_path, &existing)),
    };
    admin
        .create(&format!("{tenant_path}/resources"), resource())
        .await?;
    let user = json!({ "username": USERNAME, "name": "Demo", "password": kept.demo_password });
    admin.create(&format!("{tenant_path}/users"), user).await?;
    let issuer = tenant.get("issuer").and_then(Value::as_str);
    Ok(Demo {
        issuer: issuer.map_or_else(|| format!("{public_url}/t/{SLUG}"), str::to_owned),
    })
}

fn resource() -> Value {
    json!({
        "identifier": RESOURCE,
        "name": "Demo MCP server",
        "scopes": [
            { "name": "mcp:read", "description": "Read what the server offers", "default": true },
            { "name": "mcp:write", "description": "Change things through the server's tools" },
        ],
    })
}

impl AdminApi<'_> {
    /// Creates; `None` when it is there already.
    async fn create(&self, path: &str, body: Value) -> Result<Option<Value>, CliError> {
        let answer = self.call("POST", path, Some(body.to_string())).await?;
        match answer.status {
            201 => read(&answer).map(Some),
            409 => Ok(None),
            _ => Err(unexpected("POST", path, &answer)),
        }
    }

    async fn call(
        &self,
        method: &'static str,
        path: &str,
        json: Option<String>,
    ) -> Result<Answer, CliError> {
        let call = Call {
            method,
            path,
            bearer: Some(self.key.expose_secret()),
            json,
        };
        http_call::call(http_call::reachable(self.address), &call)
            .await
            .map_err(|error| {
                format!("the admin API at {} did not answer: {error}", self.address).into()
            })
    }
}

fn read(answer: &Answer) -> Result<Value, CliError> {
    serde_json::from_str(&answer.body).map_err(|error| {
        format!("the admin API answered with something else than JSON: {error}").into()
    })
}

/// Bodies of refusals are problem documents; they name fields, never secrets.
fn unexpected(method: &str, path: &str, answer: &Answer) -> CliError {
    format!(
        "could not fill the demo: {method} {path} answered {}: {}",
        answer.status,
        answer.body.trim()
    )
    .into()
}
