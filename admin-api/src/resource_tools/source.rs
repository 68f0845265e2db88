//! Where a list of tools comes from: the server, with a credential for this once; or the caller, who has it.

use authority::mcp_tools::McpError;
use protocol::mcp::{self, Tool};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use store::Tenant;

use crate::api::Api;
use crate::problem::{Faults, Problem, ProblemKind};

const LONGEST_CREDENTIAL: usize = 16_384;

/// What a body says of it.
pub struct Source {
    pub url: Option<String>,
    pub credential: Option<SecretString>,
    pub tools: Option<Vec<Value>>,
}

/// What came of it.
pub struct Listing {
    /// None: it was handed in.
    pub url: Option<String>,
    pub tools: Vec<Tool>,
}

impl Source {
    /// Before anything is read or asked.
    pub fn check(&self, faults: &mut Faults) {
        if self.tools.is_some() && (self.url.is_some() || self.credential.is_some()) {
            faults.add("tools", "Hand the list in, or have it fetched: not both.");
        }
        if let Some(credential) = &self.credential {
            let credential = credential.expose_secret();
            let is_visible = credential.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_visible || !(1..=LONGEST_CREDENTIAL).contains(&credential.len()) {
                let detail = "The bearer token alone: visible ASCII without spaces.";
                faults.add("credential", detail);
            } else if self
                .url
                .as_ref()
                .is_some_and(|url| url.contains(credential))
            {
                faults.add(
                    "url",
                    "The credential does not belong into it: the URL is kept.",
                );
            }
        }
    }

    /// The list. `usual_url`: where it is, where the body does not say.
    pub async fn list(
        &self,
        api: &Api,
        tenant: &Tenant,
        usual_url: &str,
    ) -> Result<Listing, Problem> {
        if let Some(tools) = &self.tools {
            let mut read = Vec::new();
            mcp::read_tools(&json!({ "tools": tools }), &mut read)
                .map_err(|fault| Problem::invalid_field("tools", format!("{fault}.")))?;
            return Ok(Listing {
                url: None,
                tools: read,
            });
        }
        let url = self.url.as_deref().unwrap_or(usual_url);
        let authority = api.authority();
        authority.check_mcp_url(tenant, url).map_err(|fault| {
            Problem::invalid_field("url", format!("{fault}; or hand the tools in."))
        })?;
        let listed = authority.list_mcp_tools(tenant, url, self.credential.as_ref());
        let tools = listed.await.map_err(|error| told(&error))?;
        Ok(Listing {
            url: Some(url.to_owned()),
            tools,
        })
    }
}

fn told(error: &McpError) -> Problem {
    let what = match error {
        McpError::Unauthorized => "; send one as `credential`",
        McpError::CredentialRefused => "; it must be a token for this server",
        McpError::Unreachable => "; hand the tools in where it is within a network of yours",
        _ => "",
    };
    let detail = format!("No tools were listed, and nothing was changed: {error}{what}.");
    Problem::new(ProblemKind::FetchFailed, detail)
}
