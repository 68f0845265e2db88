//! DPoP proofs that were used.

use std::sync::Arc;
use std::time::Duration;

use protocol::JwkThumbprint;

use crate::tests::support::{World, at, dpop_key};

/// Row T1: of many at once, one is the first; another key's same `jti` is another thing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_proof_counts_once() {
    let world = Arc::new(World::new().await);
    let tenant = world.tenant("acme").await;
    let mut uses = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, tenant) = (world.clone(), tenant.clone());
        uses.spawn(async move {
            let mut scope = world.database.tenant(&tenant).await.unwrap();
            let key = dpop_key();
            let inserted = scope.insert_dpop_proof_id(&key, "j-1", at(300), at(0));
            let is_first = inserted.await.unwrap();
            scope.commit().await.unwrap();
            is_first
        });
    }
    let outcomes = uses.join_all().await;
    assert_eq!(outcomes.iter().filter(|is_first| **is_first).count(), 1);
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let other = JwkThumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap();
    for (key, jti, now, is_first) in [
        (&other, "j-1", at(1), true),
        (&dpop_key(), "j-2", at(1), true),
        (&dpop_key(), "j-1", at(299), false),
        // Refused for its age alone by now.
        (&dpop_key(), "j-1", at(300), true),
    ] {
        let inserted = scope.insert_dpop_proof_id(key, jti, at(600), now);
        assert_eq!(inserted.await.unwrap(), is_first, "{key} {jti}");
    }
}

/// What did not commit used nothing up.
#[tokio::test]
async fn a_proof_of_what_failed_is_still_good() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    for _ in 0..2 {
        let mut scope = world.database.tenant(&tenant).await.unwrap();
        let key = dpop_key();
        let inserted = scope.insert_dpop_proof_id(&key, "j-1", at(300), at(0));
        assert!(inserted.await.unwrap());
        scope.roll_back().await.unwrap();
    }
}

#[tokio::test]
async fn used_proofs_are_forgotten_when_they_are_too_old() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    assert!(!scope.has_dpop_proof_ids().await.unwrap());
    for number in 0..4_u32 {
        let ends = at(300) + Duration::from_secs(u64::from(number / 3) * 100);
        let jti = number.to_string();
        let key = dpop_key();
        let inserted = scope.insert_dpop_proof_id(&key, &jti, ends, at(0));
        assert!(inserted.await.unwrap());
    }
    for (now, removed) in [(299, 0), (300, 2), (300, 1), (300, 0)] {
        let swept = scope.sweep_dpop_proof_ids(at(now), 2).await;
        assert_eq!(swept.unwrap(), removed);
        assert!(scope.has_dpop_proof_ids().await.unwrap());
    }
    assert_eq!(scope.sweep_dpop_proof_ids(at(400), 2).await.unwrap(), 1);
    assert!(!scope.has_dpop_proof_ids().await.unwrap());
}
