//! Which client_id is the URL of a metadata document (draft §3).

use url::{Host, Url};

use crate::ids::ClientId;
use crate::issuer::is_loopback_host;

/// A client_id that may be fetched from, as far as its text says. In its plain form: one document has one
/// name, and one host cannot be written so that a list of domains misses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DocumentUrl {
    client_id: ClientId,
    host: String,
    is_loopback: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentUrlError {
    #[error("a client_id that is a URL must be one that RFC 3986 allows")]
    Malformed,
    #[error("a client_id that is a URL must begin with https://")]
    NotHttps,
    #[error("a client_id that is a URL must have a path: /client.json, for example")]
    NoPath,
    #[error("a client_id that is a URL has no fragment")]
    HasFragment,
    #[error("a client_id that is a URL has no user name or password")]
    HasUserInfo,
    #[error(
        "write the client_id in its plain form: lower-case scheme and host, no default port, no . or .. segments"
    )]
    NotPlain,
}

impl DocumentUrl {
    /// Whether a client_id means to be one. Others are names in our own register.
    pub fn is_meant_by(client_id: &ClientId) -> bool {
        let text = client_id.as_str();
        let has_scheme = |scheme: &str| {
            text.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        has_scheme("https:") || has_scheme("http:")
    }

    /// Rows K1 and K8. `http` passes for a loopback host only; whether such a host may be fetched from at
    /// all is not decided by its text.
    pub fn parse(client_id: &ClientId) -> Result<Self, DocumentUrlError> {
        let text = client_id.as_str();
        // Before the URL parser, which mends what a sender wrote.
        let is_rfc3986 =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
        if !text.bytes().all(is_rfc3986) {
            return Err(DocumentUrlError::Malformed);
        }
        if text.contains('#') {
            return Err(DocumentUrlError::HasFragment);
        }
        let url = Url::parse(text).map_err(|_| DocumentUrlError::Malformed)?;
        let host = url.host().ok_or(DocumentUrlError::Malformed)?;
        let host_text = url.host_str().unwrap_or_default();
        let is_loopback = is_loopback_host(host_text);
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            _ => return Err(DocumentUrlError::NotHttps),
        }
        let authority = text.split('/').nth(2).unwrap_or_default();
        if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
            return Err(DocumentUrlError::HasUserInfo);
        }
        // The parser resolves dot segments, written plainly or as %2e, so that they show here.
        let is_plain = url.as_str() == text
            && !has_hidden_dot_segment(url.path())
            && !matches!(host, Host::Domain(domain) if domain.ends_with('.'));
        // Without a path the parser adds one, so that this comes first.
        if url.path() == "/" {
            return Err(DocumentUrlError::NoPath);
        }
        if !is_plain {
            return Err(DocumentUrlError::NotPlain);
        }
        Ok(Self {
            client_id: client_id.clone(),
            host: host_text.to_owned(),
            is_loopback,
        })
    }

    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    pub fn as_str(&self) -> &str {
        self.client_id.as_str()
    }

    /// In lower-case ASCII, without a port: what lists of domains compare with.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `localhost`, 127.0.0.1 or \[::1\]: a document on the machine of whoever develops the client.
    pub const fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

/// Segments that some servers would resolve after decoding `%2f` and `%5c`.
fn has_hidden_dot_segment(path: &str) -> bool {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    decoded
        .split(['/', '\\'])
        .any(|segment| matches!(segment, "." | ".."))
}
