//! The internet as the application sees it: one TLS host that answers for every name, and counts.
//!
//! The way out is the real one, guard and all; only names and addresses lead here (`outbound::World`).
//! What it serves is what a test put at a URL; everything else is 404.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use outbound::{Budget, HostBudgets, Resolve, ResolveError, Resolving, World};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// An address of the public internet.
const PUBLIC: [u8; 4] = [93, 184, 215, 14];

/// A test asks one host more often than the world does.
const PLENTY: Budget = Budget {
    concurrent: 64,
    per_minute: 100_000,
};

/// What lies at a URL.
#[derive(Debug, Clone)]
pub struct Served {
    pub status: u16,
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// An answer waits for a permit of this one.
    pub gate: Option<Arc<Semaphore>>,
}

impl Served {
    pub fn json(body: &Value) -> Self {
        Self::text(&body.to_string())
    }

    pub fn text(body: &str) -> Self {
        Self::new(200, "application/json", body)
    }

    pub fn status(status: u16) -> Self {
        Self::new(status, "text/plain", "nothing to see")
    }

    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type: content_type.to_owned(),
            headers: Vec::new(),
            body: body.into(),
            gate: None,
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn behind(mut self, gate: &Arc<Semaphore>) -> Self {
        self.gate = Some(Arc::clone(gate));
        self
    }
}

/// The hosts that there are: one listener behind every name.
#[derive(Debug, Clone)]
pub struct TestInternet {
    names: Arc<Names>,
    address: SocketAddr,
    root: CertificateDer<'static>,
    site: Arc<Site>,
    is_development: bool,
    per_host: Budget,
}

/// One `POST`, as it came.
#[derive(Debug, Clone)]
pub struct Posted {
    pub url: String,
    /// Request line and headers.
    pub head: String,
    pub body: String,
}

impl Posted {
    /// Empty, where there is none.
    pub fn header(&self, name: &str) -> &str {
        header_of(&self.head, name)
    }
}

/// What answers by what was posted.
struct Answering(Box<dyn Fn(&Posted) -> Served + Send + Sync>);

impl std::fmt::Debug for Answering {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Answering")
    }
}

#[derive(Debug, Default)]
struct Site {
    served: Mutex<HashMap<String, Served>>,
    answering: Mutex<HashMap<String, Answering>>,
    asked: Mutex<HashMap<String, usize>>,
    /// What was posted, in its order.
    posted: Mutex<Vec<Posted>>,
    connections: AtomicUsize,
    is_down: AtomicBool,
}

impl TestInternet {
    /// Hosts of these names; no other name is known.
    pub async fn of(names: &[&str]) -> Self {
        let all: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(all.clone()).unwrap();
        let root = CertificateDer::from(certificate.self_signed(&key).unwrap().der().to_vec());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![root.clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let site = Arc::new(Site::default());
        let serving = Arc::clone(&site);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Ordering::SeqCst);
                if serving.is_down.load(Ordering::SeqCst) {
                    continue;
                }
                let (acceptor, site) = (acceptor.clone(), Arc::clone(&serving));
                tokio::spawn(async move { site.answer(stream, acceptor).await });
            }
        });
        let names = Names::default();
        for name in all {
            names.locate(&name, &[IpAddr::from(PUBLIC)]);
        }
        Self {
            names: Arc::new(names),
            address,
            root,
            site,
            is_development: false,
            per_host: PLENTY,
        }
    }

    /// The same hosts, as `writ dev` sees them.
    pub fn in_development(&self) -> Self {
        Self {
            is_development: true,
            ..self.clone()
        }
    }

    /// For the application's way out.
    pub fn world(&self) -> World {
        let names = Arc::clone(&self.names);
        let mut world = World::leading_to(self.address, names, vec![self.root.clone()]);
        world.is_development = self.is_development;
        world.settings.limits.per_host = self.per_host;
        world.settings.limits.per_host_and_share = PLENTY;
        world.settings.limits.per_address = PLENTY;
        world.settings.limits.webhook_hosts = HostBudgets {
            per_host: self.per_host,
            per_host_and_share: PLENTY,
            per_address: PLENTY,
        };
        world
    }

    /// The same hosts, each of which is asked so often a minute and class.
    pub fn asked_a_minute(&self, per_minute: u32) -> Self {
        Self {
            per_host: Budget {
                per_minute,
                ..PLENTY
            },
            ..self.clone()
        }
    }

    /// From now on the name resolves to these.
    pub fn locate(&self, name: &str, addresses: &[&str]) {
        let addresses: Vec<IpAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
        self.names.locate(name, &addresses);
    }

    /// From now on this lies at the URL.
    pub fn serve(&self, url: &str, served: Served) {
        self.site
            .served
            .lock()
            .unwrap()
            .insert(url.to_owned(), served);
    }

    /// From now on what is posted to the URL is answered by this.
    pub fn answer(&self, url: &str, answer: impl Fn(&Posted) -> Served + Send + Sync + 'static) {
        let mut answering = self.site.answering.lock().unwrap();
        answering.insert(url.to_owned(), Answering(Box::new(answer)));
    }

    /// While it is down, connections are made and nothing is answered.
    pub fn set_down(&self, is_down: bool) {
        self.site.is_down.store(is_down, Ordering::SeqCst);
    }

    /// How often the URL was asked for.
    pub fn requests_of(&self, url: &str) -> usize {
        let asked = self.site.asked.lock().unwrap();
        asked.get(url).copied().unwrap_or_default()
    }

    /// What was posted to the URL, each time.
    pub fn posted_to(&self, url: &str) -> Vec<String> {
        let posted = self.requests_posted_to(url).into_iter();
        posted.map(|posted| posted.body).collect()
    }

    /// The same, with their headers.
    pub fn requests_posted_to(&self, url: &str) -> Vec<Posted> {
        let posted = self.site.posted.lock().unwrap();
        let to_it = posted.iter().filter(|posted| posted.url == url);
        to_it.cloned().collect()
    }

    /// How many connections were made at all.
    pub fn connections(&self) -> usize {
        self.site.connections.load(Ordering::SeqCst)
    }

    /// The listening socket itself: what a loopback URL would lead to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Site {
    /// With TLS, or plainly to whoever speaks plainly.
    async fn answer(&self, stream: TcpStream, acceptor: TlsAcceptor) {
        const TLS_HANDSHAKE: u8 = 0x16;
        let mut first = [0];
        match stream.peek(&mut first).await {
            Ok(1) if first[0] == TLS_HANDSHAKE => {
                if let Ok(stream) = acceptor.accept(stream).await {
                    self.answer_on(stream, "https").await;
                }
            }
            Ok(1) => self.answer_on(stream, "http").await,
            _ => {}
        }
    }

    async fn answer_on(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin, scheme: &str) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else {
                return;
            };
            head.push(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut posted = None;
        if head.starts_with("POST ") {
            let mut body = vec![0; content_length_of(&head)];
            if stream.read_exact(&mut body).await.is_err() {
                return;
            }
            let body = String::from_utf8_lossy(&body).into_owned();
            posted = Some(Posted {
                url: url_of(scheme, &head),
                head: head.clone(),
                body,
            });
        }
        let served = self.served_to(posted, &url_of(scheme, &head));
        if let Some(gate) = &served.gate {
            gate.acquire().await.unwrap().forget();
        }
        let mut answer = format!(
            "HTTP/1.1 {} X\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n",
            served.status,
            served.content_type,
            served.body.len()
        );
        for (name, value) in &served.headers {
            answer.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
        }
        answer += "\r\n";
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.write_all(&served.body).await;
        let _ = stream.shutdown().await;
    }

    fn served_to(&self, posted: Option<Posted>, url: &str) -> Served {
        let served = self.find(url);
        let Some(posted) = posted else {
            return served;
        };
        let answered = {
            let answering = self.answering.lock().unwrap();
            answering.get(url).map(|answering| (answering.0)(&posted))
        };
        self.posted.lock().unwrap().push(posted);
        answered.unwrap_or(served)
    }

    fn find(&self, url: &str) -> Served {
        *self
            .asked
            .lock()
            .unwrap()
            .entry(url.to_owned())
            .or_default() += 1;
        let served = self.served.lock().unwrap();
        served
            .get(url)
            .cloned()
            .unwrap_or_else(|| Served::status(404))
    }
}

fn url_of(scheme: &str, head: &str) -> String {
    let path = head.split(' ').nth(1).unwrap_or_default();
    format!("{scheme}://{}{path}", header_of(head, "host"))
}

fn content_length_of(head: &str) -> usize {
    header_of(head, "content-length")
        .parse()
        .unwrap_or_default()
}

fn header_of<'a>(head: &'a str, name: &str) -> &'a str {
    let of_line = |line: &'a str| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    };
    head.lines().find_map(of_line).unwrap_or_default()
}

/// What each name resolves to; any other is unknown.
#[derive(Debug, Default)]
struct Names(Mutex<HashMap<String, Vec<IpAddr>>>);

impl Names {
    fn locate(&self, name: &str, addresses: &[IpAddr]) {
        let mut names = self.0.lock().unwrap();
        names.insert(name.to_owned(), addresses.to_vec());
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        let found = self.0.lock().unwrap().get(host).cloned();
        Box::pin(async move { found.ok_or(ResolveError) })
    }
}
