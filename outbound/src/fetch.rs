//! What can be asked of the guard, and what it answers. No rule and no network here.

use std::time::Duration;

use crate::cache_lifetime::CacheLifetime;
use crate::url_rule::UrlFault;

/// What is fetched. The kind names the limits, so that no caller can forget one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FetchKind {
    /// A client's metadata document (draft-ietf-oauth-client-id-metadata-document).
    MetadataDocument,
    /// The JWK set of a client or a resource server.
    Jwks,
    /// A client's logo, to be served again from our own origin.
    Logo,
    /// A logout token, posted to a client (OpenID Connect Back-Channel Logout §2.5).
    LogoutNotice,
    /// An event, posted to a tenant's webhook (Standard Webhooks).
    Webhook,
    /// A message to an MCP server, and its answer (streamable HTTP).
    McpServer,
    /// The proof that a host is its claimant's (issuer hosts).
    IssuerHost,
}

impl FetchKind {
    pub const ALL: [Self; 7] = [
        Self::MetadataDocument,
        Self::Jwks,
        Self::Logo,
        Self::LogoutNotice,
        Self::Webhook,
        Self::McpServer,
        Self::IssuerHost,
    ];

    /// The name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MetadataDocument => "metadata_document",
            Self::Jwks => "jwks",
            Self::Logo => "logo",
            Self::LogoutNotice => "logout_notice",
            Self::Webhook => "webhook",
            Self::McpServer => "mcp_server",
            Self::IssuerHost => "issuer_host",
        }
    }

    /// The most bytes of a body that are kept; one more is a failure.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::MetadataDocument => 5 * 1024,
            Self::Jwks => 64 * 1024,
            Self::Logo => 256 * 1024,
            // One page of a list of tools, with their schemas.
            Self::McpServer => 1024 * 1024,
            // One line.
            Self::IssuerHost => 1024,
            // Nothing that a client, or a webhook, answers with is read.
            Self::LogoutNotice | Self::Webhook => 0,
        }
    }

    pub(crate) fn accept(self) -> &'static str {
        match self {
            Self::MetadataDocument => "application/json",
            Self::Jwks => "application/jwk-set+json, application/json",
            Self::Logo => "image/png, image/jpeg, image/webp, image/gif",
            Self::McpServer => "application/json, text/event-stream",
            Self::IssuerHost => "text/plain, */*;q=0.1",
            Self::LogoutNotice | Self::Webhook => "*/*",
        }
    }
}

/// One request: a `GET`, or something that is posted. Without credentials, but for those of [`McpMessage`].
#[derive(Clone, Copy, Debug)]
pub struct FetchRequest<'a> {
    pub url: &'a str,
    pub kind: FetchKind,
    /// For a document: whether its client is known here, because somebody has consented to it. What
    /// strangers may spend is apart from that.
    pub is_known: bool,
    /// On whose account: what one share (a tenant) holds at once is bounded.
    pub share: u128,
    /// Whether the tenant's issuer is on a loopback host. Matters in development only, where it
    /// lets a client of the same machine be fetched.
    pub issuer_is_loopback: bool,
}

/// What is posted to a webhook: JSON, and the headers that its signature is in.
#[derive(Clone, Debug)]
pub struct Message {
    pub body: Vec<u8>,
    pub headers: Vec<(&'static str, String)>,
}

/// One message of a conversation with an MCP server. It may have a credential in it, so it has no Debug.
pub struct McpMessage<'a> {
    pub body: Vec<u8>,
    /// Given for this conversation, to be sent to this host alone.
    pub bearer: Option<&'a str>,
    /// What the server named itself by in its first answer.
    pub session_id: Option<&'a str>,
    /// Once it is settled.
    pub protocol_version: Option<&'a str>,
}

/// What an MCP server answered.
pub struct McpAnswer {
    /// 200, or 202 for what has no answer.
    pub status: u16,
    pub session_id: Option<String>,
    /// Lower case, without parameters; empty where nothing is in the body.
    pub media_type: String,
    pub body: Vec<u8>,
}

/// A body that came with status 200, within the limits of its kind.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// UTF-8 for documents and JWKS; an image whose first bytes agree with `media_type` for logos.
    pub body: Vec<u8>,
    /// What the host's headers allow; the caller clamps it.
    pub cache: CacheLifetime,
    /// Lower case, without parameters.
    pub media_type: String,
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Fetched")
            .field("bytes", &self.body.len())
            .field("cache", &self.cache)
            .field("media_type", &self.media_type)
            .finish()
    }
}

/// Why there is no document. The text of every variant but the first is the same: what a person
/// is shown must not tell what stands at an address, or whether anything does (row K11). Logs and
/// metrics take `reason()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL itself; nothing was resolved or connected to.
    #[error("{0}")]
    NotAllowed(UrlFault),
    /// The host is, or resolves to, an address that is not on the public internet.
    #[error("the document could not be fetched")]
    SpecialUse,
    #[error("the document could not be fetched")]
    Resolve,
    #[error("the document could not be fetched")]
    Connect,
    #[error("the document could not be fetched")]
    Tls,
    #[error("the document could not be fetched")]
    Timeout,
    /// Connected, but what came was not HTTP, or broke off.
    #[error("the document could not be fetched")]
    Broken,
    #[error("the document could not be fetched")]
    TooLarge,
    #[error("the document could not be fetched")]
    Redirect(u16),
    #[error("the document could not be fetched")]
    Status(u16),
    #[error("the document could not be fetched")]
    MediaType,
    /// Compressed, although `identity` was asked for.
    #[error("the document could not be fetched")]
    Encoding,
    #[error("the document could not be fetched")]
    NotUtf8,
    /// The budget of the host, of its address, of the share or of the class is spent.
    #[error("the document could not be fetched")]
    Busy,
}

impl FetchError {
    /// Whether it says nothing about the document: the last good copy may still serve.
    pub fn is_trouble(&self) -> bool {
        match self {
            Self::Resolve
            | Self::Connect
            | Self::Tls
            | Self::Timeout
            | Self::Broken
            | Self::Busy => true,
            Self::Status(status) => matches!(status, 403 | 429 | 500..=599),
            Self::NotAllowed(_)
            | Self::SpecialUse
            | Self::TooLarge
            | Self::Redirect(_)
            | Self::MediaType
            | Self::Encoding
            | Self::NotUtf8 => false,
        }
    }

    /// One word for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAllowed(_) => "not_allowed",
            Self::SpecialUse => "special_use",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::TooLarge => "too_large",
            Self::Redirect(_) => "redirect",
            Self::Status(404 | 410) => "gone",
            Self::Status(_) => "status",
            Self::MediaType => "media_type",
            Self::Encoding => "encoding",
            Self::NotUtf8 => "not_utf8",
            Self::Busy => "busy",
        }
    }
}

impl From<UrlFault> for FetchError {
    fn from(fault: UrlFault) -> Self {
        match fault {
            UrlFault::SpecialUse => Self::SpecialUse,
            fault => Self::NotAllowed(fault),
        }
    }
}

/// Time limits of one fetch, as `Limits` names them.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(1);
pub(crate) const TOTAL_LIMIT: Duration = Duration::from_secs(3);
/// Receivers may look at a message before they answer.
pub(crate) const WEBHOOK_LIMIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [FetchError; 17] = [
        FetchError::NotAllowed(UrlFault::Scheme),
        FetchError::SpecialUse,
        FetchError::Resolve,
        FetchError::Connect,
        FetchError::Tls,
        FetchError::Timeout,
        FetchError::Broken,
        FetchError::TooLarge,
        FetchError::Redirect(302),
        FetchError::Status(500),
        FetchError::Status(404),
        FetchError::Status(403),
        FetchError::Status(401),
        FetchError::MediaType,
        FetchError::Encoding,
        FetchError::NotUtf8,
        FetchError::Busy,
    ];

    /// Row K11: not even which of them it was.
    #[test]
    fn every_failure_on_the_way_reads_the_same() {
        for error in &EVERY[1..] {
            assert_eq!(error.to_string(), "the document could not be fetched");
        }
    }

    #[test]
    fn a_copy_serves_for_trouble_and_never_for_an_answer() {
        let trouble: Vec<&str> = EVERY
            .iter()
            .filter(|error| error.is_trouble())
            .map(FetchError::reason)
            .collect();
        assert_eq!(
            trouble,
            [
                "resolve", "connect", "tls", "timeout", "broken", "status", "status", "busy"
            ]
        );
        assert!(FetchError::Status(429).is_trouble());
        for status in [401, 404, 410] {
            assert!(!FetchError::Status(status).is_trouble(), "{status}");
        }
    }

    #[test]
    fn a_body_is_not_in_debug_output() {
        let fetched = Fetched {
            body: b"private words".to_vec(),
            cache: CacheLifetime::default(),
            media_type: "application/json".to_owned(),
        };
        assert!(!format!("{fetched:?}").contains("private"));
    }
}
