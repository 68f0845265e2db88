//! What one replica does, the others know within a second: asked until it is so, with that bound.

use std::time::Duration;

const BOUND: Duration = Duration::from_secs(1);

/// Asks again and again; what is asked after a second has gone by must be so.
pub async fn within_a_second<F>(what: &str, mut is_so: impl FnMut() -> F)
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
            asked_after < BOUND,
            "{what}: still not so when asked {asked_after:?} later"
        );
        tokio::task::yield_now().await;
    }
}
