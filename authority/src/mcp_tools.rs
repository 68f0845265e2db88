//! Asking an MCP server for its tools: a conversation through the guard, with a credential that is given for it and kept
//! nowhere.
//!
//! What it is not: an MCP client for anything else; what is said and read is `protocol::mcp`'s. Whoever asks sees why it
//! failed, in words that tell nothing of what stands at an address inside (row K11).

use std::time::Duration;

use outbound::{FetchError, FetchKind, FetchRequest, McpAnswer, McpMessage, UrlFault};
use protocol::mcp::{self, Listening, RpcError, Tool, ToolsFault};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use store::Tenant;

use crate::Authority;

/// From the first message to the last answer.
const PATIENCE: Duration = Duration::from_secs(20);
const MOST_PAGES: u64 = 20;
const LONGEST_CURSOR: usize = 2_048;
const INITIALIZE: u64 = 1;

/// Why there is no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum McpError {
    #[error("{0}")]
    Url(UrlFault),
    #[error("the server cannot be reached at an address of the public internet")]
    Unreachable,
    #[error("the server's TLS certificate is not good for its name, or it speaks no TLS")]
    Tls,
    #[error("the server did not answer in time")]
    Late,
    #[error(
        "the server answered with a redirect (status {0}), which is not followed; name the place itself"
    )]
    Redirect(u16),
    #[error("the server wants a credential (status 401)")]
    Unauthorized,
    #[error("the server refuses this credential (status 401)")]
    CredentialRefused,
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the server does not speak MCP over streamable HTTP")]
    NotMcp,
    #[error("the server answered with the JSON-RPC error {0}")]
    Rpc(i64),
    #[error("the server's answer is larger than 1 MB, or has more than 20 pages")]
    TooLarge,
    #[error("the server's answer repeats the credential, and is not read")]
    RepeatsCredential,
    #[error("the server's list of tools cannot be read: {0}")]
    Tools(ToolsFault),
    #[error("too much is being asked of this server, or by this tenant, just now")]
    Busy,
}

impl McpError {
    fn of(error: FetchError, has_credential: bool) -> Self {
        match error {
            FetchError::NotAllowed(fault) => Self::Url(fault),
            // One answer: which of these it was would tell what names lead to inside.
            FetchError::SpecialUse | FetchError::Resolve | FetchError::Connect => Self::Unreachable,
            FetchError::Tls => Self::Tls,
            FetchError::Timeout => Self::Late,
            FetchError::Redirect(status) => Self::Redirect(status),
            FetchError::Status(401) if has_credential => Self::CredentialRefused,
            FetchError::Status(401) => Self::Unauthorized,
            FetchError::Status(status) => Self::Status(status),
            FetchError::TooLarge => Self::TooLarge,
            FetchError::Busy => Self::Busy,
            FetchError::Broken
            | FetchError::MediaType
            | FetchError::Encoding
            | FetchError::NotUtf8 => Self::NotMcp,
        }
    }

    /// The word in metrics.
    fn outcome(self) -> &'static str {
        match self {
            Self::Url(_) => "not_allowed",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Late => "timeout",
            Self::Redirect(_) => "redirect",
            Self::Unauthorized | Self::CredentialRefused | Self::Status(_) => "status",
            Self::NotMcp | Self::Rpc(_) | Self::RepeatsCredential | Self::Tools(_) => "invalid",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
        }
    }
}

/// One conversation.
struct Conversation<'a> {
    authority: &'a Authority,
    request: FetchRequest<'a>,
    credential: Option<&'a SecretString>,
    session_id: Option<String>,
    version: Option<String>,
}

impl Authority {
    /// Whether the guard would go there, as far as the URL tells.
    pub fn check_mcp_url(&self, tenant: &Tenant, url: &str) -> Result<(), UrlFault> {
        self.outbound()
            .url_rules(tenant.issuer().is_loopback())
            .check(url, FetchKind::McpServer)
            .map(drop)
    }

    /// The tools of the MCP server at this URL, all pages of them.
    pub async fn list_mcp_tools(
        &self,
        tenant: &Tenant,
        url: &str,
        credential: Option<&SecretString>,
    ) -> Result<Vec<Tool>, McpError> {
        let conversation = Conversation {
            authority: self,
            request: FetchRequest {
                url,
                kind: FetchKind::McpServer,
                is_known: true,
                share: tenant.id().as_uuid().as_u128(),
                issuer_is_loopback: tenant.issuer().is_loopback(),
            },
            credential,
            session_id: None,
            version: None,
        };
        let listed = tokio::time::timeout(PATIENCE, conversation.list()).await;
        let listed = listed.unwrap_or(Err(McpError::Late));
        let outcome = listed
            .as_ref()
            .map_or_else(|error| error.outcome(), |_| "fetched");
        let counted = &self.metrics().outbound_fetches;
        counted
            .with_label_values(&[FetchKind::McpServer.as_str(), outcome])
            .inc();
        listed
    }
}

impl Conversation<'_> {
    async fn list(mut self) -> Result<Vec<Tool>, McpError> {
        let begun = self.ask(&mcp::initialize(INITIALIZE), INITIALIZE).await?;
        let version = mcp::spoken_version(&begun).ok_or(McpError::NotMcp)?;
        self.version = Some(version.to_owned());
        self.say(&mcp::initialized()).await?;
        let (mut tools, mut cursor) = (Vec::new(), None);
        for page in 1..=MOST_PAGES {
            let id = INITIALIZE + page;
            let result = self
                .ask(&mcp::list_tools(id, cursor.as_deref()), id)
                .await?;
            let next = mcp::read_tools(&result, &mut tools).map_err(McpError::Tools)?;
            match next {
                None => return Ok(tools),
                Some(next) if next.len() > LONGEST_CURSOR => return Err(McpError::TooLarge),
                Some(next) => cursor = Some(next),
            }
        }
        Err(McpError::TooLarge)
    }

    /// A request, and its result.
    async fn ask(&mut self, message: &Value, id: u64) -> Result<Value, McpError> {
        let answer = self.post(message, Some(id)).await?;
        if self.session_id.is_none() {
            self.session_id = answer.session_id;
        }
        match mcp::read_answer(&answer.media_type, &answer.body, id) {
            Some(Ok(result)) => Ok(result),
            Some(Err(RpcError { code })) => Err(McpError::Rpc(code)),
            None => Err(McpError::NotMcp),
        }
    }

    /// A notification.
    async fn say(&self, message: &Value) -> Result<(), McpError> {
        self.post(message, None).await.map(drop)
    }

    async fn post(&self, message: &Value, id: Option<u64>) -> Result<McpAnswer, McpError> {
        let sent = McpMessage {
            body: message.to_string().into_bytes(),
            bearer: self.credential.map(SecretString::expose_secret),
            session_id: self.session_id.as_deref(),
            protocol_version: self.version.as_deref(),
        };
        let mut listening = id.map(Listening::for_answer);
        let is_enough = |media_type: &str, body: &[u8]| match &mut listening {
            // What a notification is answered with is not read.
            None => true,
            // Only a stream stays open behind what was asked for.
            Some(listening) => media_type == "text/event-stream" && listening.has_answer(body),
        };
        let outbound = self.authority.outbound();
        let answer = outbound
            .post_to_mcp_server(&self.request, &sent, is_enough)
            .await
            .map_err(|error| McpError::of(error, self.credential.is_some()))?;
        if self.is_repeated_in(&answer) {
            return Err(McpError::RepeatsCredential);
        }
        Ok(answer)
    }

    /// What is listed is kept and shown; a credential is neither, not even by way of a stranger's words.
    fn is_repeated_in(&self, answer: &McpAnswer) -> bool {
        self.credential.is_some_and(|credential| {
            let credential = credential.expose_secret();
            String::from_utf8_lossy(&answer.body).contains(credential)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row K11: a name that leads inside, one that leads nowhere and a closed port read the same.
    #[test]
    fn what_stands_inside_is_not_told() {
        for error in [
            FetchError::SpecialUse,
            FetchError::Resolve,
            FetchError::Connect,
        ] {
            assert_eq!(McpError::of(error, true), McpError::Unreachable);
        }
        assert_eq!(
            McpError::of(FetchError::Status(401), false),
            McpError::Unauthorized
        );
        assert_eq!(
            McpError::of(FetchError::Status(401), true),
            McpError::CredentialRefused
        );
    }
}
