//! A site of the public internet, and a world in which every public address leads to it.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outbound::{
    FetchError, FetchKind, FetchRequest, Fetched, Limits, Outbound, Resolve, ResolveError,
    Resolving, World,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub const HOST: &str = "app.example.com";
pub const URL: &str = "https://app.example.com/client.json";
pub const PUBLIC: &str = "93.184.215.14";
pub const DOCUMENT: &str = r#"{"client_id":"https://app.example.com/client.json"}"#;

/// What the site does once it has read the head of a request.
#[derive(Clone)]
pub enum Answer {
    /// These bytes, and the end of the connection.
    Bytes(Vec<u8>),
    /// The head, then the piece for ever.
    Endless { head: Vec<u8>, piece: Vec<u8> },
    /// The head, then one byte of the rest at a time, one every few milliseconds.
    Drip { head: Vec<u8>, rest: Vec<u8> },
    /// Nothing, and the connection stays open.
    Silence,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    Tls,
    /// Accepts the connection and never speaks.
    Silent,
    /// Speaks HTTP without TLS.
    Plain,
}

#[derive(Debug)]
pub enum Event {
    Accepted(SocketAddr),
    /// The head of a request, as it came.
    Request(String),
    /// The other side hung up while an answer was being written.
    HungUp,
}

pub struct Site {
    pub address: SocketAddr,
    pub root: CertificateDer<'static>,
    events: mpsc::UnboundedReceiver<Event>,
}

pub fn json_answer(headers: &str, body: &str) -> Answer {
    answer_of(
        "200 OK",
        &format!("content-type: application/json\r\n{headers}"),
        body.as_bytes(),
    )
}

pub fn answer_of(status: &str, headers: &str, body: &[u8]) -> Answer {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    Answer::Bytes([head.as_bytes(), body].concat())
}

impl Site {
    pub async fn start(answer: Answer) -> Self {
        let params = CertificateParams::new([HOST.to_owned(), "localhost".to_owned()]).unwrap();
        Self::start_with(answer, params, Handshake::Tls).await
    }

    pub async fn start_with(
        answer: Answer,
        params: CertificateParams,
        handshake: Handshake,
    ) -> Self {
        let key = KeyPair::generate().unwrap();
        let root = CertificateDer::from(params.self_signed(&key).unwrap().der().to_vec());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![root.clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let _ = sender.send(Event::Accepted(peer));
                let (acceptor, answer, sender) = (acceptor.clone(), answer.clone(), sender.clone());
                tokio::spawn(serve(stream, acceptor, handshake, answer, sender));
            }
        });
        Self {
            address,
            root,
            events,
        }
    }

    /// The world of this site: every name has the addresses, every public address leads here.
    pub fn world(&self, addresses: &[&str]) -> World {
        self.world_of(Names::always(addresses))
    }

    /// Patient: a busy machine is not what these tests are about, except where they say so.
    pub fn world_of(&self, names: Arc<Names>) -> World {
        let mut world = World::leading_to(self.address, names, vec![self.root.clone()]);
        world.settings.limits.connect = Duration::from_secs(30);
        world.settings.limits.total = Duration::from_mins(1);
        world
    }

    /// An ordinary world, ready to fetch.
    pub fn outbound(&self) -> Outbound {
        Outbound::with_world(self.world(&[PUBLIC])).unwrap()
    }

    pub fn outbound_within(&self, limits: Limits) -> Outbound {
        let mut world = self.world(&[PUBLIC]);
        world.settings.limits = limits;
        Outbound::with_world(world).unwrap()
    }

    pub async fn event(&mut self) -> Event {
        self.events.recv().await.unwrap()
    }

    /// Waits for the head of the next request.
    pub async fn request(&mut self) -> String {
        loop {
            if let Event::Request(head) = self.event().await {
                return head;
            }
        }
    }

    /// Nobody has connected: the first connection that was ever accepted is the one made now.
    pub async fn assert_untouched(&mut self) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let ours = stream.local_addr().unwrap();
        let event = self.event().await;
        assert!(
            matches!(event, Event::Accepted(peer) if peer == ours),
            "somebody connected before: {event:?}"
        );
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    handshake: Handshake,
    answer: Answer,
    events: mpsc::UnboundedSender<Event>,
) {
    match handshake {
        Handshake::Tls => {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let Some(head) = read_head(&mut stream).await else {
                return;
            };
            let _ = events.send(Event::Request(head));
            if write(&mut stream, answer).await.is_err() {
                let _ = events.send(Event::HungUp);
            }
        }
        Handshake::Silent => wait_for_end(stream).await,
        Handshake::Plain => {
            let mut stream = stream;
            let mut first = [0; 4_096];
            let _ = stream.read(&mut first).await;
            if let Answer::Bytes(bytes) = answer {
                let _ = stream.write_all(&bytes).await;
            }
            wait_for_end(stream).await;
        }
    }
}

async fn wait_for_end(mut stream: TcpStream) {
    let mut sink = [0; 1_024];
    while matches!(stream.read(&mut sink).await, Ok(read) if read > 0) {}
}

async fn read_head(stream: &mut TlsStream<TcpStream>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&head).to_ascii_lowercase())
}

async fn write(stream: &mut TlsStream<TcpStream>, answer: Answer) -> std::io::Result<()> {
    match answer {
        Answer::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Answer::Endless { head, piece } => {
            stream.write_all(&head).await?;
            loop {
                stream.write_all(&piece).await?;
                stream.flush().await?;
            }
        }
        Answer::Drip { head, rest } => {
            stream.write_all(&head).await?;
            for byte in rest {
                stream.write_all(&[byte]).await?;
                stream.flush().await?;
                // Being slow is what this site is for.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stream.shutdown().await
        }
        Answer::Silence => {
            let mut sink = [0; 64];
            while stream.read(&mut sink).await? > 0 {}
            Ok(())
        }
    }
}

/// A resolver whose names of `slow.example` are never answered, and cannot be called off.
pub struct Slow;

impl Resolve for Slow {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            if host.ends_with(".slow.example") {
                return std::future::pending().await;
            }
            Ok(vec![PUBLIC.parse().unwrap()])
        })
    }
}

/// A resolver that is told its answers, and says how often it was asked.
pub struct Names {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    pub asked: AtomicUsize,
}

impl Names {
    pub fn always(addresses: &[&str]) -> Arc<Self> {
        Self::in_turn(&[addresses])
    }

    /// One answer after the other; the last one stays.
    pub fn in_turn(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self {
            answers: Mutex::new(answers.iter().map(parse).collect()),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _host: &'a str) -> Resolving<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        };
        Box::pin(async move { answer.ok_or(ResolveError) })
    }
}

pub fn request(url: &str, kind: FetchKind) -> FetchRequest<'_> {
    FetchRequest {
        url,
        kind,
        is_known: false,
        share: 1,
        issuer_is_loopback: false,
    }
}

pub async fn fetch(outbound: &Outbound, url: &str) -> Result<Fetched, FetchError> {
    fetch_kind(outbound, url, FetchKind::MetadataDocument).await
}

pub async fn fetch_kind(
    outbound: &Outbound,
    url: &str,
    kind: FetchKind,
) -> Result<Fetched, FetchError> {
    if kind != FetchKind::LogoutNotice {
        return outbound.fetch(&request(url, kind)).await;
    }
    let form = "logout_token=x".to_owned();
    let posted = outbound.post_form(&request(url, kind), form).await;
    posted.map(|()| Fetched {
        body: Vec::new(),
        cache: outbound::CacheLifetime::default(),
        media_type: String::new(),
    })
}
