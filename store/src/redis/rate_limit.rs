//! The count that replicas share: GCRA, one key per thing that is limited, one script per attempt.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use protocol::SecretText;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Script};

use super::circuit::Circuit;

/// A limit is not worth a longer wait: the count in this process answers then.
const DEADLINE: Duration = Duration::from_millis(20);

/// Keeps the time at which the allowance would be full again ("theoretical arrival time"). Redis's own
/// clock, so that replicas with different clocks share one; nothing but this count depends on it.
/// Answers how many microseconds to wait; 0: the attempt counts.
const GCRA: &str = "
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval = tonumber(ARGV[1])
local period = tonumber(ARGV[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1])) or now, now)
local wait = full_at + interval - period - now
if wait > 0 then
    return string.format('%.0f', wait)
end
full_at = full_at + interval
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1)
return '0'
";

/// Limits that all replicas count together. Cheap to clone.
#[derive(Clone)]
pub struct SharedLimits {
    connection: ConnectionManager,
    script: Arc<Script>,
    circuit: Arc<Circuit>,
}

#[derive(Debug, thiserror::Error)]
pub enum SharedLimitsError {
    #[error("REDIS_URL is not a Redis URL")]
    Url,
    #[error("Redis did not answer: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("Redis did not answer in time")]
    Slow,
    #[error("Redis failed a moment ago and is left alone")]
    Open,
}

impl SharedLimits {
    /// Connects when it is first used, and again after it was lost.
    pub fn connect(url: &SecretText) -> Result<Self, SharedLimitsError> {
        // The error may quote the URL, and the URL may hold a password.
        let client = Client::open(url.expose()).map_err(|_| SharedLimitsError::Url)?;
        let config = ConnectionManagerConfig::new()
            // For work in the background: nobody waits longer than [`DEADLINE`].
            .set_number_of_retries(1)
            .set_connection_timeout(Some(Duration::from_millis(500)))
            .set_response_timeout(Some(Duration::from_millis(500)));
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            script: Arc::new(Script::new(GCRA)),
            circuit: Arc::new(Circuit::new()),
        })
    }

    /// Takes one of `burst` attempts per `period`; the inner error is how long to wait for the next.
    /// The outer error: Redis has no say, and the caller falls back to its own count.
    pub async fn take(
        &self,
        key: &str,
        burst: NonZeroU32,
        period: Duration,
    ) -> Result<Result<(), Duration>, SharedLimitsError> {
        if self.circuit.is_open() {
            return Err(SharedLimitsError::Open);
        }
        let outcome = self.run(key, burst, period).await;
        if outcome.is_err() {
            self.circuit.open();
        }
        let wait = outcome?;
        Ok(if wait.is_zero() { Ok(()) } else { Err(wait) })
    }

    async fn run(
        &self,
        key: &str,
        burst: NonZeroU32,
        period: Duration,
    ) -> Result<Duration, SharedLimitsError> {
        let period = u64::try_from(period.as_micros()).unwrap_or(u64::MAX).max(1);
        let interval = (period / u64::from(burst.get())).max(1);
        let mut connection = self.connection.clone();
        let mut invocation = self.script.prepare_invoke();
        invocation
            .key(format!("writ:limit:{key}"))
            .arg(interval)
            .arg(period);
        let asked = invocation.invoke_async::<u64>(&mut connection);
        let wait = tokio::time::timeout(DEADLINE, asked)
            .await
            .map_err(|_| SharedLimitsError::Slow)??;
        Ok(Duration::from_micros(wait))
    }
}
