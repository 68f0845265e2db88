//! How often one host and one address may be asked, by one share and by all, and what each class of
//! fetches has to itself.

use std::sync::Arc;
use std::time::Duration;

use outbound::{Budget, FetchError, FetchKind, FetchRequest, Limits, Outbound, Places};

use crate::site::{
    Answer, DOCUMENT, Event, Site, Slow, URL, fetch, fetch_kind, json_answer, request,
};

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
async fn all_fetches_of_a_class_together_are_bounded() {
    let mut site = Site::start(Answer::Silence).await;
    let outbound = site.outbound_within(Limits {
        new_documents: Places {
            concurrent: 1,
            per_share: 1,
        },
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

fn known_document(share: u128) -> FetchRequest<'static> {
    FetchRequest {
        is_known: true,
        share,
        ..request(URL, FetchKind::MetadataDocument)
    }
}

fn new_document(url: &str, share: u128) -> FetchRequest<'_> {
    FetchRequest {
        share,
        ..request(url, FetchKind::MetadataDocument)
    }
}

/// What strangers have looked up costs no client its keys, and no known client its document.
#[tokio::test]
async fn new_documents_spend_neither_the_host_nor_the_address_of_keys_and_known_documents() {
    let limits = [
        Limits {
            per_host: budget(4, 2),
            ..Limits::default()
        },
        Limits {
            per_address: budget(4, 2),
            ..Limits::default()
        },
    ];
    for limits in limits {
        let site = Site::start(json_answer("", DOCUMENT)).await;
        let outbound = site.outbound_within(patient(limits));
        for _ in 0..2 {
            assert!(fetch(&outbound, URL).await.is_ok());
        }
        assert_eq!(fetch(&outbound, URL).await, Err(FetchError::Busy));
        assert!(outbound.fetch(&known_document(1)).await.is_ok());
        assert!(fetch_kind(&outbound, URL, FetchKind::Jwks).await.is_ok());
        // And the other way round: each has its own end.
        assert!(outbound.fetch(&known_document(1)).await.is_ok());
        let busy = Err(FetchError::Busy);
        assert_eq!(outbound.fetch(&known_document(1)).await, busy);
        assert!(fetch_kind(&outbound, URL, FetchKind::Jwks).await.is_ok());
    }
}

#[tokio::test]
async fn no_share_alone_spends_what_a_host_may_be_asked() {
    let site = Site::start(json_answer("", DOCUMENT)).await;
    let outbound = site.outbound_within(patient(Limits {
        per_host: budget(4, 3),
        per_host_and_share: budget(4, 2),
        ..Limits::default()
    }));
    for _ in 0..2 {
        assert!(outbound.fetch(&new_document(URL, 1)).await.is_ok());
    }
    for _ in 0..5 {
        let found = outbound.fetch(&new_document(URL, 1)).await;
        assert_eq!(found, Err(FetchError::Busy));
    }
    assert!(outbound.fetch(&new_document(URL, 2)).await.is_ok());
    let found = outbound.fetch(&new_document(URL, 2)).await;
    assert_eq!(found, Err(FetchError::Busy));
}

/// A look-up cannot be called off: it holds its places after its fetch has long given up, but never
/// those of another share or class.
#[tokio::test]
async fn names_that_are_never_resolved_hold_the_places_of_their_share_alone() {
    let site = Site::start(json_answer("", DOCUMENT)).await;
    let (held, open) = (2, 3);
    let outbound = slow(
        &site,
        Limits {
            new_documents: Places {
                concurrent: open,
                per_share: held,
            },
            ..Limits::default()
        },
    );
    for number in 0..held {
        let url = format!("https://{number}.slow.example/client.json");
        let found = outbound.fetch(&new_document(&url, 1)).await;
        assert_eq!(found, Err(FetchError::Timeout));
    }
    let found = outbound.fetch(&new_document(URL, 1)).await;
    assert_eq!(found, Err(FetchError::Busy), "the share holds its places");
    begins(&outbound, &new_document(URL, 2)).await;
    // A second share takes what was left of the class.
    let url = "https://other.slow.example/client.json";
    let found = outbound.fetch(&new_document(url, 2)).await;
    assert_eq!(found, Err(FetchError::Timeout));
    let found = outbound.fetch(&new_document(URL, 3)).await;
    assert_eq!(found, Err(FetchError::Busy), "the class is full");
    for share in [1, 2, 3] {
        begins(&outbound, &known_document(share)).await;
        let keys = FetchRequest {
            share,
            ..request(URL, FetchKind::Jwks)
        };
        begins(&outbound, &keys).await;
    }
}

#[tokio::test]
async fn one_slow_host_takes_its_own_places_until_its_look_ups_end() {
    let site = Site::start(json_answer("", DOCUMENT)).await;
    let outbound = slow(
        &site,
        Limits {
            per_host: budget(1, 100),
            ..Limits::default()
        },
    );
    let url = "https://one.slow.example/client.json";
    let found = outbound.fetch(&new_document(url, 1)).await;
    assert_eq!(found, Err(FetchError::Timeout));
    let found = outbound.fetch(&new_document(url, 2)).await;
    assert_eq!(found, Err(FetchError::Busy));
    begins(&outbound, &new_document(URL, 1)).await;
}

/// A world in which some names are never answered.
fn slow(site: &Site, limits: Limits) -> Outbound {
    let mut world = site.world_of(crate::site::Names::always(&[]));
    world.resolver = Arc::new(Slow);
    world.settings.limits = Limits {
        total: Duration::from_millis(100),
        ..limits
    };
    Outbound::with_world(world).unwrap()
}

/// It has a place; whether a busy machine then makes it in time is another matter.
async fn begins(outbound: &Outbound, request: &FetchRequest<'_>) {
    let found = outbound.fetch(request).await;
    assert_ne!(found, Err(FetchError::Busy), "{request:?}");
}

fn patient(limits: Limits) -> Limits {
    Limits {
        connect: Duration::from_secs(30),
        total: Duration::from_mins(1),
        ..limits
    }
}
