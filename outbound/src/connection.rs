//! One connection for one fetch: an HTTP client that can reach the pinned addresses and nothing else.
//!
//! What it is not: shared or pooled. A client that outlived its fetch would reuse a connection that
//! was checked for another one.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, redirect, retry};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::fetch::{FetchError, FetchKind};
use crate::world::Limits;

/// The public roots as Mozilla keeps them, built into the binary: what a machine or an environment
/// variable trusts besides is not asked.
pub(crate) fn public_roots() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

pub(crate) fn roots_of(
    certificates: Vec<CertificateDer<'static>>,
) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate)?;
    }
    Ok(roots)
}

pub(crate) fn tls(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // One request a connection: HTTP/2 would only widen what a stranger's server can say to us.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Hosts must not recognise us from one fetch to the next, nor fill a store of tickets.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Where one fetch may connect.
#[derive(Clone)]
pub(crate) struct Pinned {
    pub host: String,
    pub addresses: Vec<SocketAddr>,
}

impl Pinned {
    pub fn contains(&self, peer: Option<SocketAddr>) -> bool {
        peer.is_some_and(|peer| {
            self.addresses
                .iter()
                .any(|pinned| (pinned.ip(), pinned.port()) == (peer.ip(), peer.port()))
        })
    }
}

/// What the HTTP client asks instead of a resolver: the answer is fixed before it asks (row K3).
impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let answer = if name.as_str().eq_ignore_ascii_case(&self.host) {
            Ok(Box::new(self.addresses.clone().into_iter()) as Addrs)
        } else {
            Err("a name that was not pinned".into())
        };
        Box::pin(async move { answer })
    }
}

pub(crate) fn client(
    tls: &ClientConfig,
    limits: &Limits,
    kind: FetchKind,
    pinned: Pinned,
    is_https_only: bool,
) -> Result<Client, FetchError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(kind.accept()));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .https_only(is_https_only)
        .http1_only()
        .dns_resolver(pinned)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .pool_max_idle_per_host(0)
        .connect_timeout(limits.connect)
        .timeout(limits.total_of(kind))
        .user_agent("Writ")
        .default_headers(headers)
        .build()
        .map_err(|_| FetchError::Connect)
}

/// What went wrong, without a word of what it says about the other side.
pub(crate) fn fault(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        FetchError::Timeout
    } else if is_tls(error) {
        FetchError::Tls
    } else if error.is_connect() {
        FetchError::Connect
    } else {
        FetchError::Broken
    }
}

/// An `io::Error` does not name what it wraps as its source, so it is opened here.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}
