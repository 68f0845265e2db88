//! What is published (metadata, JWKS) goes on while PostgreSQL does not answer.
//!
//! Not here: anything that decides who gets a token; that needs a fresh answer or none.

use std::future::Future;
use std::time::Duration;

use store::StoreError;

/// Clients give discovery 10 s in all and ask several documents one after the other.
const PATIENCE: Duration = Duration::from_millis(300);

/// The fresh answer; the last known one when PostgreSQL is away or takes longer than [`PATIENCE`].
/// Without a last known one there is nothing to hurry for.
pub async fn fresh_or_last<T>(
    fresh: impl Future<Output = Result<T, StoreError>>,
    last: Option<T>,
) -> Result<T, StoreError> {
    let Some(last) = last else {
        return fresh.await;
    };
    match tokio::time::timeout(PATIENCE, fresh).await {
        Ok(Err(error)) if error.is_unavailable() => Ok(last),
        Ok(answer) => answer,
        Err(_) => Ok(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> StoreError {
        StoreError::Unavailable("away".to_owned())
    }

    #[tokio::test]
    async fn the_last_answer_serves_while_the_fresh_one_is_away_or_late() {
        assert_eq!(fresh_or_last(async { Ok(2) }, Some(1)).await.ok(), Some(2));
        assert_eq!(
            fresh_or_last(async { Err(away()) }, Some(1)).await.ok(),
            Some(1)
        );
        let never = std::future::pending::<Result<i32, StoreError>>();
        assert_eq!(fresh_or_last(never, Some(1)).await.ok(), Some(1));
    }

    #[tokio::test]
    async fn without_a_last_answer_the_outage_is_told() {
        let answer = fresh_or_last(async { Err::<i32, _>(away()) }, None).await;
        assert!(answer.is_err_and(|error| error.is_unavailable()));
    }
}
