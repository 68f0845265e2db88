//! The shared count, against a Redis of the test's own. Without the program on this machine the test
//! says so and ends: Redis is optional.

use std::num::NonZeroU32;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use protocol::SecretText;

use crate::redis::{SharedLimits, SharedLimitsError};

struct Redis {
    process: Child,
    url: SecretText,
}

impl Redis {
    fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                "/tmp",
            ])
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        Some(Self {
            process,
            url: SecretText::new(format!("redis://127.0.0.1:{port}")),
        })
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn take(limits: &SharedLimits, key: &str) -> Result<(), Duration> {
    let (burst, period) = (NonZeroU32::new(5).unwrap(), Duration::from_hours(1));
    for _ in 0..200 {
        match limits.take(key, burst, period).await {
            Ok(outcome) => return outcome,
            // Still starting, or slow beside other tests: the circuit closes again by itself.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("Redis did not answer");
}

/// M2: replicas share one count; O5: keys are apart.
#[tokio::test]
async fn replicas_count_together() {
    let Some(redis) = Redis::start() else {
        eprintln!("redis-server is not installed: nothing was tested");
        return;
    };
    let replicas = [
        SharedLimits::connect(&redis.url).unwrap(),
        SharedLimits::connect(&redis.url).unwrap(),
    ];
    for attempt in 0..5 {
        assert_eq!(take(&replicas[attempt % 2], "login:a").await, Ok(()));
    }
    for replica in &replicas {
        let wait = take(replica, "login:a").await.unwrap_err();
        assert!(
            wait > Duration::from_mins(11) && wait <= Duration::from_mins(12),
            "{wait:?}"
        );
    }
    assert_eq!(take(&replicas[0], "login:b").await, Ok(()));
}

/// Z5: a Redis that is gone is an error at once, and then nobody asks for a moment.
#[tokio::test]
async fn a_lost_redis_is_left_alone() {
    let limits = SharedLimits::connect(&SecretText::from("redis://127.0.0.1:1")).unwrap();
    let (burst, period) = (NonZeroU32::MIN, Duration::from_secs(1));
    let began = tokio::time::Instant::now();
    assert!(limits.take("x", burst, period).await.is_err());
    assert!(matches!(
        limits.take("x", burst, period).await,
        Err(SharedLimitsError::Open)
    ));
    assert!(began.elapsed() < Duration::from_millis(500));
    assert!(SharedLimits::connect(&SecretText::from("not a url")).is_err());
}
