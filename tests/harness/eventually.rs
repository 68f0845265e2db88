//! What one replica does, the others know within a second; what is written in batches is there after a few: asked
//! until it is so, with a bound.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::app::TestApp;

const A_SECOND: Duration = Duration::from_secs(1);
/// A batch of audit events, or that a replica notices an outage, on a busy machine.
const A_BATCH: Duration = Duration::from_secs(20);
/// A server's, on a busy machine.
const A_START: Duration = Duration::from_mins(1);

/// Asks again and again; what is asked after a second has gone by must be so.
pub async fn within_a_second<F>(what: &str, is_so: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    within(A_SECOND, what, is_so).await;
}

/// Likewise, for what waits for the next batch.
pub async fn with_the_next_batch<F>(what: &str, is_so: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    within(A_BATCH, what, is_so).await;
}

impl TestApp {
    /// Without a heartbeat for a while the first server stops answering from memory. How soon it must is what
    /// `freshness::latency` measures.
    pub async fn notices_the_outage(&self) {
        with_the_next_batch("a replica that answers from memory no more", async || {
            self.metric("writ_is_fresh").await == Some(0)
        })
        .await;
    }
}

/// Until something listens at this port of ours: a server that was just started.
pub(super) async fn listens(port: u16, what: &str) {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let listening = async {
        while TcpStream::connect(address).is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(A_START, listening)
        .await
        .unwrap_or_else(|_| panic!("{what} does not listen at {address}"));
}

async fn within<F>(bound: Duration, what: &str, mut is_so: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let since = tokio::time::Instant::now();
    loop {
        // When it was asked is what counts: a busy machine may take its time to answer.
        let asked_after = since.elapsed();
        if is_so().await {
            return;
        }
        assert!(
            asked_after < bound,
            "{what}: still not so when asked {asked_after:?} later"
        );
        tokio::task::yield_now().await;
    }
}
