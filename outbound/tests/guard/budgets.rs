//! How often one host, one address and everybody together may be asked.

use outbound::{Budget, FetchError, Limits};

use crate::site::{Answer, DOCUMENT, Event, Site, URL, fetch, json_answer};

const OTHER_NAME: &str = "https://b.example.com/client.json";

fn budget(concurrent: u32, per_minute: u32) -> Budget {
    Budget {
        concurrent,
        per_minute,
    }
}

#[tokio::test]
async fn a_host_is_asked_so_often_a_minute() {
    let mut site = Site::start(json_answer("", DOCUMENT)).await;
    let outbound = site.outbound_within(Limits {
        per_host: budget(4, 2),
        ..Limits::default()
    });
    for _ in 0..2 {
        assert!(fetch(&outbound, URL).await.is_ok());
        assert!(matches!(site.event().await, Event::Accepted(_)));
        site.request().await;
    }
    assert_eq!(fetch(&outbound, URL).await, Err(FetchError::Busy));
    // Another path of the host is the same host.
    let other_path = "https://app.example.com/another.json";
    assert_eq!(fetch(&outbound, other_path).await, Err(FetchError::Busy));
    site.assert_untouched().await;
}

#[tokio::test]
async fn a_host_is_asked_so_often_at_the_same_time() {
    let mut site = Site::start(Answer::Silence).await;
    let outbound = site.outbound_within(Limits {
        per_host: budget(1, 100),
        ..Limits::default()
    });
    let first = tokio::spawn({
        let outbound = outbound.clone();
        async move { fetch(&outbound, URL).await }
    });
    site.request().await;
    assert_eq!(fetch(&outbound, URL).await, Err(FetchError::Busy));
    site.assert_untouched().await;
    // A fetch that is called off gives its place back.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let outbound_again = tokio::spawn(async move { fetch(&outbound, URL).await });
    site.request().await;
    outbound_again.abort();
}

#[tokio::test]
async fn many_names_of_one_address_share_its_budget() {
    let mut site = Site::start(json_answer("", DOCUMENT)).await;
    let outbound = site.outbound_within(Limits {
        per_address: budget(4, 1),
        ..Limits::default()
    });
    assert!(fetch(&outbound, URL).await.is_ok());
    assert!(matches!(site.event().await, Event::Accepted(_)));
    site.request().await;
    assert_eq!(fetch(&outbound, OTHER_NAME).await, Err(FetchError::Busy));
    site.assert_untouched().await;
}

#[tokio::test]
async fn all_fetches_together_are_bounded() {
    let mut site = Site::start(Answer::Silence).await;
    let outbound = site.outbound_within(Limits {
        concurrent: 1,
        ..Limits::default()
    });
    let first = tokio::spawn({
        let outbound = outbound.clone();
        async move { fetch(&outbound, URL).await }
    });
    site.request().await;
    assert_eq!(fetch(&outbound, OTHER_NAME).await, Err(FetchError::Busy));
    site.assert_untouched().await;
    first.abort();
}
