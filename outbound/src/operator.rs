//! The way of an operator's program to an admin API that the operator named: `writ tenant …`, `writ apply`.
//!
//! What it is not: the guard. Whoever types the command says where it goes, so that addresses of private networks are
//! reached; a server must never use it. `server/src/cli` alone does, which `scripts/check-walls.sh` looks after.
//!
//! A key goes with every call: it is sent to the one origin that was named, by TLS or to this machine, and no redirect
//! takes it elsewhere. Proxies of the environment are not asked.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, redirect, retry};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::{Host, Url};

use crate::connection;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("writ/", env!("CARGO_PKG_VERSION"));

/// Where to, and how far.
#[derive(Clone, Debug)]
pub struct OperatorSettings {
    /// `https://admin.example.com`, with or without a path below which the API is.
    pub base: String,
    /// PEM certificates of authorities that are trusted in place of the public ones.
    pub authorities: Option<Vec<u8>>,
    /// Whether a key may go to another machine without TLS.
    pub allows_plain_http: bool,
    /// From the call to the last byte of its answer; a stream has none.
    pub time_limit: Duration,
    /// Bytes of an answer; a stream has none.
    pub size_limit: usize,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct OperatorCall {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// With its query, beginning with a slash.
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    /// A body, and what it is.
    pub body: Option<(&'static str, Vec<u8>)>,
}

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct OperatorAnswer {
    pub status: u16,
    headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The connections to one admin API.
#[derive(Clone)]
pub struct Operator {
    client: Client,
    base: String,
    time_limit: Duration,
    size_limit: usize,
}

/// No answer, or none to go by.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error("{url} is not a URL to call: {fault}")]
    Url { url: String, fault: &'static str },
    #[error("the certificates of the authorities cannot be read: {0}")]
    Authorities(String),
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    #[error("the call cannot be written: {0}")]
    Call(&'static str),
    /// Nothing was sent.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The server may have done it, or not.
    #[error("no answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The server may have done it, or not.
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// What the caller does with a stream failed.
    #[error(transparent)]
    Sink(#[from] std::io::Error),
}

impl OperatorError {
    /// Whether the server may have acted although no answer came.
    pub fn leaves_doubt(&self) -> bool {
        matches!(
            self,
            Self::TimedOut(_) | Self::Broken(_) | Self::TooLarge(_)
        )
    }
}

impl OperatorAnswer {
    /// A header's text, where it has one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Operator {
    pub fn new(settings: &OperatorSettings) -> Result<Self, OperatorError> {
        let base = checked(&settings.base, settings.allows_plain_http)?;
        let roots = match &settings.authorities {
            None => connection::public_roots(),
            Some(pem) => {
                let certificates = authorities(pem)?;
                connection::roots_of(certificates)
                    .map_err(|error| OperatorError::Authorities(error.to_string()))?
            }
        };
        let tls = connection::tls(roots).map_err(|error| OperatorError::Tls(error.to_string()))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(CONNECT_LIMIT)
            .user_agent(USER_AGENT)
            .build()
            .map_err(|error| OperatorError::Tls(error.to_string()))?;
        Ok(Self {
            client,
            base,
            time_limit: settings.time_limit,
            size_limit: settings.size_limit,
        })
    }

    /// Where it goes, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// One call and its whole answer.
    pub async fn call(
        &self,
        call: &OperatorCall,
        bearer: Option<&str>,
    ) -> Result<OperatorAnswer, OperatorError> {
        let request = self.request(call, bearer)?.timeout(self.time_limit);
        let mut answered = request.send().await.map_err(|error| self.fault(&error))?;
        let (status, headers) = (answered.status().as_u16(), answered.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answered.chunk().await.map_err(|error| self.fault(&error))? {
            if body.len() + chunk.len() > self.size_limit {
                return Err(OperatorError::TooLarge(self.size_limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(OperatorAnswer {
            status,
            headers,
            body,
        })
    }

    /// One call whose good answer goes to `sink` as it comes. A refusal comes back whole.
    pub async fn stream(
        &self,
        call: &OperatorCall,
        bearer: Option<&str>,
        mut sink: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<OperatorAnswer, OperatorError> {
        let sent = self.request(call, bearer)?.send().await;
        let mut answered: Response = sent.map_err(|error| self.fault(&error))?;
        let (status, headers) = (answered.status(), answered.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answered.chunk().await.map_err(|error| self.fault(&error))? {
            if status.is_success() {
                sink(&chunk)?;
            } else if body.len() + chunk.len() > self.size_limit {
                return Err(OperatorError::TooLarge(self.size_limit));
            } else {
                body.extend_from_slice(&chunk);
            }
        }
        Ok(OperatorAnswer {
            status: status.as_u16(),
            headers,
            body,
        })
    }

    fn request(
        &self,
        call: &OperatorCall,
        bearer: Option<&str>,
    ) -> Result<RequestBuilder, OperatorError> {
        let method = Method::from_bytes(call.method.as_bytes())
            .map_err(|_| OperatorError::Call("its method"))?;
        let text = format!("{}{}", self.base, call.path);
        let url = Url::parse(&text).map_err(|_| OperatorError::Call("its path"))?;
        // What a name such as `..` leads to is not what was meant.
        if url.as_str() != text {
            return Err(OperatorError::Call("its path leads elsewhere"));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &call.headers {
            let value = HeaderValue::from_str(value).map_err(|_| {
                OperatorError::Call("a header has characters that no header may have")
            })?;
            headers.insert(HeaderName::from_static(name), value);
        }
        if let Some(bearer) = bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {bearer}"))
                .map_err(|_| OperatorError::Call("the key has characters that no key has"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut request = self.client.request(method, url);
        if let Some((media_type, body)) = &call.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            request = request.body(body.clone());
        }
        Ok(request.headers(headers))
    }

    fn fault(&self, error: &reqwest::Error) -> OperatorError {
        let innermost = innermost(error);
        if error.is_connect() {
            OperatorError::Connect(innermost)
        } else if error.is_timeout() {
            OperatorError::TimedOut(self.time_limit)
        } else {
            OperatorError::Broken(innermost)
        }
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// What is at the bottom of it says most: "connection refused", "invalid peer certificate: …".
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    innermost.to_string()
}

fn checked(text: &str, allows_plain_http: bool) -> Result<String, OperatorError> {
    let refuse = |fault| OperatorError::Url {
        url: text.to_owned(),
        fault,
    };
    let url = Url::parse(text)
        .map_err(|_| refuse("write it as https://host, or http://localhost:9001"))?;
    match url.scheme() {
        "https" => {}
        "http" if allows_plain_http || is_this_machine(&url) => {}
        "http" => {
            return Err(refuse(
                "a key would go over the network in the clear; use https, or allow plain http in a network that you trust",
            ));
        }
        _ => return Err(refuse("it must begin with https:// or http://")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(refuse("leave out query, fragment and user"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, OperatorError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| OperatorError::Authorities(error.to_string()))?;
    if certificates.is_empty() {
        return Err(OperatorError::Authorities(
            "there is none in the file".to_owned(),
        ));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leaves_the_machine_by_tls_only_unless_somebody_says_otherwise() {
        for here in [
            "http://localhost:9001",
            "http://127.0.0.1:9001/",
            "http://[::1]:9001",
            "https://admin.example.com",
        ] {
            assert!(checked(here, false).is_ok(), "{here}");
        }
        assert!(checked("http://writ:9001", false).is_err());
        assert!(checked("http://localhost.example.com", false).is_err());
        assert_eq!(
            checked("http://writ:9001/", true).unwrap(),
            "http://writ:9001"
        );
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for text in [
            "",
            "admin.example.com",
            "ftp://admin.example.com",
            "https://admin.example.com/?x",
            "https://me@admin.example.com",
        ] {
            assert!(checked(text, true).is_err(), "{text}");
        }
    }

    #[test]
    fn authorities_come_as_pem() {
        assert!(authorities(b"").is_err());
        assert!(
            authorities(b"-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n").is_err()
        );
    }
}
