use std::sync::atomic::{AtomicI64, Ordering};

use protocol::clock::Timestamp;
use protocol::ids::TenantId;

use super::*;

struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

fn limits(quota: Quota) -> (Limits, Arc<HandClock>) {
    let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000)));
    let settings = LimitSettings {
        login_account: quota,
        login_address: quota,
        ..LimitSettings::default()
    };
    let metrics = Arc::new(Metrics::new().unwrap());
    let shared: Arc<dyn Clock> = clock.clone();
    (Limits::new(&settings, None, &shared, metrics), clock)
}

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(uuid::Uuid::from_u128(number))
}

/// Row M2.
#[tokio::test]
async fn tries_beyond_the_burst_wait_for_the_clock() {
    let (limits, clock) = limits(Quota::new(3, Duration::from_secs(30)));
    for _ in 0..3 {
        limits
            .take(Limit::LoginAccount, Some(tenant(1)), "alice")
            .await
            .unwrap();
    }
    let limited = limits
        .take(Limit::LoginAccount, Some(tenant(1)), "alice")
        .await
        .unwrap_err();
    assert_eq!(limited.retry_after_seconds(), 10);
    clock.0.fetch_add(10, Ordering::SeqCst);
    limits
        .take(Limit::LoginAccount, Some(tenant(1)), "alice")
        .await
        .unwrap();
    limits
        .take(Limit::LoginAccount, Some(tenant(1)), "alice")
        .await
        .unwrap_err();
}

/// Rows O3, O7: neither another tenant nor another account pays.
#[tokio::test]
async fn one_tenants_tries_never_count_against_another() {
    let (limits, _) = limits(Quota::new(1, Duration::from_mins(1)));
    limits
        .take(Limit::LoginAccount, Some(tenant(1)), "alice")
        .await
        .unwrap();
    limits
        .take(Limit::LoginAccount, Some(tenant(1)), "alice")
        .await
        .unwrap_err();
    limits
        .take(Limit::LoginAccount, Some(tenant(2)), "alice")
        .await
        .unwrap();
    limits
        .take(Limit::LoginAccount, Some(tenant(1)), "bob")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_whole_network_of_ipv6_is_one_address() {
    let (limits, _) = limits(Quota::new(1, Duration::from_mins(1)));
    let first: IpAddr = "2001:db8:1:2::1".parse().unwrap();
    let neighbour: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
    let elsewhere: IpAddr = "2001:db8:1:3::1".parse().unwrap();
    let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
    limits
        .take_by_address(Limit::LoginAddress, None, first)
        .await
        .unwrap();
    limits
        .take_by_address(Limit::LoginAddress, None, neighbour)
        .await
        .unwrap_err();
    limits
        .take_by_address(Limit::LoginAddress, None, elsewhere)
        .await
        .unwrap();
    assert_eq!(address_key(mapped), "192.0.2.1");
}

/// A flood of names cannot make the table forget the one that is being guessed.
#[tokio::test]
async fn a_full_table_forgets_nobody() {
    let (limits, _) = limits(Quota::new(1, Duration::from_hours(1)));
    limits
        .take(Limit::LoginAccount, Some(tenant(1)), "victim")
        .await
        .unwrap();
    for number in 0..65_600 {
        let _ = limits
            .take(
                Limit::LoginAccount,
                Some(tenant(1)),
                &format!("name-{number}"),
            )
            .await;
    }
    limits
        .take(Limit::LoginAccount, Some(tenant(1)), "victim")
        .await
        .unwrap_err();
}
