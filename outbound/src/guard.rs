//! The guard itself: every rule of a fetch, in the order in which they cost something.
//!
//! URL, then budget, then name, then addresses; only then a connection. After it: who answered,
//! status, headers, and the body byte by byte.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::Instant;
use url::Url;

use crate::budget::Place;
use crate::cache_lifetime::CacheLifetime;
use crate::connection::{self, Pinned};
use crate::fetch::{FetchError, FetchKind, FetchRequest, Fetched, Message};
use crate::lane::{Admission, Class, Lanes};
use crate::media_type;
use crate::resolver::{Resolve, SystemResolver};
use crate::special_use::is_special_use;
use crate::url_rule::{CheckedUrl, Destination, UrlFault, UrlRules};
use crate::world::{Limits, OutboundSettings, World};

/// Addresses of one name that are tried. All of them are checked.
const MAX_PINNED: usize = 8;

/// The guarded way out. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
}

struct Inner {
    allowed_ports: Vec<u16>,
    limits: Limits,
    resolver: Arc<dyn Resolve>,
    route: Arc<dyn Fn(SocketAddr) -> SocketAddr + Send + Sync>,
    tls: ClientConfig,
    is_development: bool,
    lanes: Lanes,
    began: Instant,
}

/// The guard cannot be built: TLS has no usable provider or a root is unreadable.
#[derive(Debug, thiserror::Error)]
#[error("TLS for outbound requests cannot be set up: {0}")]
pub struct OutboundError(#[from] rustls::Error);

impl Outbound {
    /// The real internet: the system's resolver and the public roots.
    pub fn new(settings: OutboundSettings) -> Result<Self, OutboundError> {
        Self::build(real_world(settings), connection::public_roots())
    }

    /// As `new`, and a tenant whose issuer is on a loopback host may have clients there too.
    pub fn for_development(settings: OutboundSettings) -> Result<Self, OutboundError> {
        let world = World {
            is_development: true,
            ..real_world(settings)
        };
        Self::build(world, connection::public_roots())
    }

    /// For tests. See `World` for what it can and cannot change.
    pub fn with_world(mut world: World) -> Result<Self, OutboundError> {
        let roots = connection::roots_of(std::mem::take(&mut world.roots))?;
        Self::build(world, roots)
    }

    fn build(world: World, roots: RootCertStore) -> Result<Self, OutboundError> {
        let OutboundSettings {
            allowed_ports,
            limits,
        } = world.settings;
        let inner = Inner {
            allowed_ports,
            limits,
            resolver: world.resolver,
            route: world.route,
            tls: connection::tls(roots)?,
            is_development: world.is_development,
            lanes: Lanes::new(&limits),
            began: Instant::now(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The rule a URL must pass, for callers that judge one before any fetch.
    pub fn url_rules(&self, issuer_is_loopback: bool) -> UrlRules {
        UrlRules {
            allowed_ports: self.inner.allowed_ports.clone(),
            allows_loopback: self.inner.is_development && issuer_is_loopback,
        }
    }

    pub fn check_url(&self, request: &FetchRequest<'_>) -> Result<CheckedUrl, UrlFault> {
        self.url_rules(request.issuer_is_loopback)
            .check(request.url, request.kind)
    }

    /// One `GET`, or the reason why there is no document.
    pub async fn fetch(&self, request: &FetchRequest<'_>) -> Result<Fetched, FetchError> {
        let get = |client: &Client, url: Url| client.get(url);
        self.converse(request, get, async |answered: Response| {
            read(request.kind, answered).await
        })
        .await
    }

    /// One `POST` of a form. Taken means 200 or 204 (OpenID Connect Back-Channel Logout §2.8); nothing
    /// else of the answer is read.
    pub async fn post_form(
        &self,
        request: &FetchRequest<'_>,
        form: String,
    ) -> Result<(), FetchError> {
        let post = move |client: &Client, url: Url| {
            let form_type = "application/x-www-form-urlencoded";
            client
                .post(url)
                .header(CONTENT_TYPE, form_type)
                .body(form.clone())
        };
        self.converse(request, post, async |answered: Response| {
            if answered.status() == StatusCode::NO_CONTENT {
                return Ok(());
            }
            check_status(answered.status())
        })
        .await
    }

    /// One `POST` of a signed message. Taken means any 2xx (Standard Webhooks); nothing else of the answer is read.
    pub async fn post_message(
        &self,
        request: &FetchRequest<'_>,
        message: &Message,
    ) -> Result<u16, FetchError> {
        let post = |client: &Client, url: Url| {
            let posted = client
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(message.body.clone());
            let headers = message.headers.iter();
            headers.fold(posted, |posted, (name, value)| posted.header(*name, value))
        };
        self.converse(request, post, async |answered: Response| {
            let status = answered.status();
            if status.is_success() {
                return Ok(status.as_u16());
            }
            check_status(status).map(|()| status.as_u16())
        })
        .await
    }

    pub(crate) async fn converse<T>(
        &self,
        request: &FetchRequest<'_>,
        ask: impl Fn(&Client, Url) -> RequestBuilder,
        read: impl AsyncFnOnce(Response) -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let checked = self.check_url(request)?;
        let inner = &*self.inner;
        let now = inner.began.elapsed();
        let class = Class::of(request);
        let admission = inner
            .lanes
            .admit(class, request.share, checked.host(), now)?;
        // Row K6: one limit over everything, so that no slow step can add to another.
        let talking = async {
            let (answered, _held) = inner
                .send(request.kind, class, &checked, admission, ask)
                .await?;
            read(answered).await
        };
        tokio::time::timeout(inner.limits.total_of(request.kind), talking)
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Outbound")
            .field("allowed_ports", &self.inner.allowed_ports)
            .field("limits", &self.inner.limits)
            .field("is_development", &self.inner.is_development)
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// The answer, and the places that are held until it has been read.
    async fn send(
        &self,
        kind: FetchKind,
        class: Class,
        checked: &CheckedUrl,
        admission: Admission,
        ask: impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Result<(Response, (Admission, Vec<Place>)), FetchError> {
        let (found, admission) = self.addresses_of(checked, admission).await?;
        let now = self.began.elapsed();
        let keys = budget_keys(&found);
        let places = self.lanes.admit_addresses(class, keys, now)?;
        let pinned = self.pin(checked, &found)?;
        let is_https_only = !matches!(checked.destination(), Destination::Loopback(_));
        let client =
            connection::client(&self.tls, &self.limits, kind, pinned.clone(), is_https_only)?;
        let response = ask(&client, checked.url().clone())
            .send()
            .await
            .map_err(|error| connection::fault(&error))?;
        // The addresses were pinned; this is the proof that the client kept to them.
        if !pinned.contains(response.remote_addr()) {
            return Err(FetchError::SpecialUse);
        }
        Ok((response, (admission, places)))
    }

    /// Resolves once. One bad address spoils the name: an attacker adds a good one to it.
    async fn addresses_of(
        &self,
        checked: &CheckedUrl,
        admission: Admission,
    ) -> Result<(Vec<IpAddr>, Admission), FetchError> {
        let (addresses, admission) = match checked.destination() {
            // Development: the one place where a special-use address is meant.
            Destination::Loopback(addresses) => return Ok((addresses.clone(), admission)),
            Destination::Address(address) => (vec![*address], admission),
            Destination::Name(name) => self.look_up(name.clone(), admission).await?,
        };
        if addresses.is_empty() {
            return Err(FetchError::Resolve);
        }
        if addresses.iter().copied().any(is_special_use) {
            return Err(FetchError::SpecialUse);
        }
        let pinned = addresses.into_iter().take(MAX_PINNED).collect();
        Ok((pinned, admission))
    }

    /// On its own, because it cannot be called off: the fetch may leave, its places stay with the
    /// look-up and are free when that ends.
    async fn look_up(
        &self,
        name: String,
        admission: Admission,
    ) -> Result<(Vec<IpAddr>, Admission), FetchError> {
        let resolver = Arc::clone(&self.resolver);
        let looking = tokio::spawn(async move {
            let found = resolver.resolve(&name).await;
            (found, admission)
        });
        match looking.await {
            Ok((Ok(addresses), admission)) => Ok((addresses, admission)),
            Ok((Err(_), _)) | Err(_) => Err(FetchError::Resolve),
        }
    }

    fn pin(&self, checked: &CheckedUrl, addresses: &[IpAddr]) -> Result<Pinned, FetchError> {
        let port = checked.port();
        let original: Vec<SocketAddr> = addresses
            .iter()
            .map(|address| SocketAddr::new(*address, port))
            .collect();
        if matches!(checked.destination(), Destination::Loopback(_)) {
            return Ok(Pinned {
                host: checked.host().to_owned(),
                addresses: original,
            });
        }
        let routed: Vec<SocketAddr> = original.iter().map(|from| (self.route)(*from)).collect();
        // Only a test's world leads elsewhere. The HTTP client reads a literal itself, and lets a
        // port that the URL names win: there it would go to the real place, so it does not go.
        let is_name = matches!(checked.destination(), Destination::Name(_));
        let keeps_port = || routed.iter().all(|to| to.port() == port);
        let can_be_led = is_name && (checked.url().port().is_none() || keeps_port());
        if routed != original && !can_be_led {
            return Err(FetchError::Connect);
        }
        Ok(Pinned {
            host: checked.host().to_owned(),
            addresses: routed,
        })
    }
}

fn real_world(settings: OutboundSettings) -> World {
    World {
        settings,
        resolver: Arc::new(SystemResolver),
        roots: Vec::new(),
        route: Arc::new(|address| address),
        is_development: false,
    }
}

fn budget_keys(addresses: &[IpAddr]) -> Vec<u128> {
    let mut keys: Vec<u128> = addresses.iter().copied().map(budget_key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whoever has one IPv6 address has its /64.
fn budget_key(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address) >> 64 << 64,
    }
}

/// Status and headers first; the body only when they leave a reason to read it.
async fn read(kind: FetchKind, response: Response) -> Result<Fetched, FetchError> {
    check_status(response.status())?;
    check_encoding(response.headers())?;
    let media_type = media_type::read(response.headers(), kind)?;
    let cache = CacheLifetime::from_headers(response.headers());
    let body = read_body(kind.max_bytes(), response).await?;
    media_type::check_body(kind, &media_type, &body)?;
    Ok(Fetched {
        body,
        cache,
        media_type,
    })
}

/// CIMD §5: 200 and nothing else; a redirect is never followed.
pub(crate) fn check_status(status: StatusCode) -> Result<(), FetchError> {
    if status == StatusCode::OK {
        Ok(())
    } else if status.is_redirection() {
        Err(FetchError::Redirect(status.as_u16()))
    } else {
        Err(FetchError::Status(status.as_u16()))
    }
}

/// `identity` was asked for: a body that must be unpacked could be of any size.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), FetchError> {
    let are_all = |name, allowed: &str| {
        headers.get_all(name).iter().all(|value| {
            value
                .to_str()
                .is_ok_and(|text| text.trim().eq_ignore_ascii_case(allowed))
        })
    };
    if are_all(CONTENT_ENCODING, "identity") && are_all(TRANSFER_ENCODING, "chunked") {
        Ok(())
    } else {
        Err(FetchError::Encoding)
    }
}

/// Counts what comes, whatever the headers promised (row K6).
async fn read_body(max_bytes: usize, mut response: Response) -> Result<Vec<u8>, FetchError> {
    let promised = response.content_length().unwrap_or_default();
    if promised > u64::try_from(max_bytes).unwrap_or(u64::MAX) {
        return Err(FetchError::TooLarge);
    }
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| connection::fault(&error))? else {
            return Ok(body);
        };
        if body.len() + chunk.len() > max_bytes {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
}
