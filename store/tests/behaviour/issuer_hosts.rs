//! Claims to hosts of issuers: one verified a host, and ends that are not seen by what stands.

use protocol::issuer_host::IssuerHost;
use protocol::{IssuerHostId, Slug};

use crate::tests::support::{CountingRandom, World, at};
use crate::{IssuerHostClaim, StoreError};

fn claim(host: &str, slug: &str) -> IssuerHostClaim {
    IssuerHostClaim {
        issuer_host_id: IssuerHostId::generate(&CountingRandom, at(0)),
        host: IssuerHost::parse(host).unwrap(),
        slug: Slug::parse(slug).unwrap(),
        challenge: "a text that only this claim has".to_owned(),
        created_at: at(0),
        expires_at: at(100),
        verified_at: None,
    }
}

fn conflict<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    outcome.unwrap_err().conflict().unwrap().to_owned()
}

/// Whatever is above has overlooked, the index does not.
#[tokio::test]
async fn one_claim_a_host_is_verified() {
    let world = World::new().await;
    let (ours, theirs) = (claim("a.test", "ours"), claim("a.test", "theirs"));
    let mut platform = world.database.platform().await.unwrap();
    for one in [&ours, &theirs] {
        platform.insert_issuer_host(one, at(0)).await.unwrap();
    }
    let host = &ours.host;
    let owner = platform.find_verified_issuer_host(host).await.unwrap();
    assert_eq!(owner, None);
    let id = ours.issuer_host_id;
    assert!(platform.verify_issuer_host(id, at(99)).await.unwrap());
    assert!(!platform.verify_issuer_host(id, at(99)).await.unwrap());
    let owner = platform.find_verified_issuer_host(host).await.unwrap();
    assert_eq!(owner.map(|owner| owner.slug), Some(ours.slug));
    let second = platform.verify_issuer_host(theirs.issuer_host_id, at(99));
    assert_eq!(conflict(second.await), "issuer_hosts_one_is_verified");
}

/// A claim that is over is replaced and swept; one that waits, or was verified, is neither.
#[tokio::test]
async fn a_claim_that_is_over_makes_room() {
    let world = World::new().await;
    let first = claim("a.test", "acme");
    let mut platform = world.database.platform().await.unwrap();
    platform.insert_issuer_host(&first, at(0)).await.unwrap();
    let late = platform.verify_issuer_host(first.issuer_host_id, at(100));
    assert!(!late.await.unwrap());
    let anew = IssuerHostClaim {
        expires_at: at(200),
        ..claim("a.test", "acme")
    };
    platform.insert_issuer_host(&anew, at(100)).await.unwrap();
    let found = platform.find_issuer_host(first.issuer_host_id).await;
    assert_eq!(found.unwrap(), None);
    let other = claim("b.test", "acme");
    platform.insert_issuer_host(&other, at(0)).await.unwrap();
    assert!(
        platform
            .verify_issuer_host(anew.issuer_host_id, at(150))
            .await
            .unwrap()
    );
    let listed = platform.list_issuer_hosts(None, 10).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(platform.sweep_issuer_hosts(at(100), 10).await.unwrap(), 0);
    assert_eq!(platform.sweep_issuer_hosts(at(500), 10).await.unwrap(), 1);
    platform.commit().await.unwrap();

    let mut platform = world.database.platform().await.unwrap();
    let again = claim("a.test", "acme");
    let again = platform.insert_issuer_host(&again, at(500));
    assert_eq!(conflict(again.await), "issuer_hosts_are_claimed_once");
}

/// Of tenants in any state.
#[tokio::test]
async fn what_a_host_and_a_slug_are_used_for_is_known() {
    let world = World::new().await;
    let tenant = world.tenant("gone").await;
    let host = IssuerHost::of(tenant.issuer());
    let mut platform = world.database.platform().await.unwrap();
    let at_host = platform.find_tenant_at_host(host.as_str()).await.unwrap();
    assert_eq!(at_host.map(|found| found.id()), Some(tenant.id()));
    assert!(platform.delete_tenant(&tenant, at(5)).await.unwrap());
    let at_host = platform.find_tenant_at_host(host.as_str()).await.unwrap();
    assert_eq!(at_host, None);
    let other = IssuerHost::parse("other.test").unwrap();
    let free = Slug::parse("free").unwrap();
    for (host, slug, is_host_used, is_slug_used) in [
        (&host, tenant.slug(), true, true),
        (&other, &free, false, false),
    ] {
        let used = platform.find_issuer_host_use(host, slug).await.unwrap();
        assert_eq!(
            (used.is_host_used, used.is_slug_used),
            (is_host_used, is_slug_used)
        );
    }
}
