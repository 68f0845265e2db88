//! What one replica does, the others know within a second; what is written in batches is there after a few: asked
//! until it is so, with a bound.

use std::time::Duration;

const A_SECOND: Duration = Duration::from_secs(1);
/// A batch of audit events, on a busy machine.
const A_BATCH: Duration = Duration::from_secs(20);

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
