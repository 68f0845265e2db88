//! What one replica does, the others know within a second: asked until it is so, with that bound.

use std::time::Duration;

const BOUND: Duration = Duration::from_secs(1);

/// Asks again and again; fails when a second has gone by.
pub async fn within_a_second<F>(what: &str, mut is_so: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let asking = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(BOUND, asking).await.is_ok(), "not within a second: {what}");
}
