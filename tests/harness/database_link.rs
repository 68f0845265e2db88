//! The way to PostgreSQL as a cable that a test may pull out: what an outage looks like from the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use url::Url;

/// Carries connections to the test's database until it is cut or goes silent.
#[derive(Debug)]
pub struct DatabaseLink {
    url: String,
    state: watch::Sender<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    /// Connections are closed, new ones as well.
    Cut,
    /// Connections stay and carry nothing: a firewall that forgot them.
    Silent,
}

impl DatabaseLink {
    /// A link to the database of this URL, on a thread of its own so that a waiting test does not hold it up.
    pub async fn to(database_url: &str) -> Self {
        let mut url = Url::parse(database_url).unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let state = watch::Sender::new(State::Whole);
        let (stop, stopped) = oneshot::channel();
        let (started, starting) = oneshot::channel();
        let shared = state.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                started.send(listener.local_addr().unwrap()).ok();
                tokio::select! {
                    () = accept(listener, target, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        let address: SocketAddr = starting.await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(address.port())).unwrap();
        Self {
            url: url.into(),
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The database's URL by way of this link.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Pulls the cable: every connection breaks, and no new one is made.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Nothing arrives any more, and nobody is told.
    pub fn fall_silent(&self) {
        self.state.send_replace(State::Silent);
    }

    pub fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

impl Drop for DatabaseLink {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(JoinHandle::join);
    }
}

async fn accept(listener: TcpListener, target: String, state: watch::Sender<State>) {
    let target: Arc<str> = target.into();
    loop {
        let Ok((near, _)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(carry(near, Arc::clone(&target), state.subscribe()));
    }
}

async fn carry(near: TcpStream, target: Arc<str>, mut state: watch::Receiver<State>) {
    if *state.borrow() == State::Cut {
        return;
    }
    let Ok(far) = TcpStream::connect(&*target).await else {
        return;
    };
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let (up, down) = (state.clone(), state.clone());
    tokio::select! {
        () = pump(near_in, far_out, up) => {}
        () = pump(far_in, near_out, down) => {}
        _ = state.wait_for(|state| *state == State::Cut) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        // What was sent into the silence is lost only when the link is cut; a mended one goes on.
        if state
            .wait_for(|state| *state != State::Silent)
            .await
            .is_err()
        {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
