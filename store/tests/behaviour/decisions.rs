//! Traces of decisions: newest first, written once, and not more than are kept.

use protocol::{DecisionId, Timestamp};

use crate::tests::support::{CountingRandom, Things, World, at};
use crate::{DECISIONS_KEPT, DECISIONS_KEPT_FOR, Decision, DecisionFilter, NewDecision, Tenant};

fn decision(decided_at: Timestamp) -> NewDecision {
    let decision_id = DecisionId::generate(&CountingRandom, decided_at);
    NewDecision {
        decision_id,
        error_id: decision_id.to_string(),
        decided_at,
        ..Things::new().decision
    }
}

async fn insert(world: &World, batch: &[(Tenant, NewDecision)]) {
    let mut platform = world.database.platform().await.unwrap();
    platform.insert_decisions_of_tenants(batch).await.unwrap();
    platform.commit().await.unwrap();
}

async fn list(world: &World, tenant: &Tenant, filter: &DecisionFilter) -> Vec<Decision> {
    let mut scope = world.database.tenant(tenant).await.unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = scope.list_decisions(filter, after, 2).await.unwrap();
        after = page.last().map(|it| it.decision_id);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// The answer to a commit may be lost: then the same batch comes again.
#[tokio::test]
async fn decisions_are_written_once_and_listed_from_the_newest() {
    let world = World::new().await;
    let (acme, other) = (world.tenant("acme").await, world.tenant("other").await);
    let decisions: Vec<_> = (0..5).map(|second| decision(at(second))).collect();
    let mut batch: Vec<_> = decisions
        .iter()
        .map(|it| (acme.clone(), it.clone()))
        .collect();
    batch.push((other.clone(), decision(at(9))));
    insert(&world, &batch).await;
    insert(&world, &batch).await;
    let newest_first: Vec<_> = decisions.iter().rev().cloned().collect();
    assert_eq!(
        list(&world, &acme, &DecisionFilter::default()).await,
        newest_first
    );
    let since = DecisionFilter {
        since: Some(at(3)),
        ..DecisionFilter::default()
    };
    assert_eq!(list(&world, &acme, &since).await, newest_first[..2]);
    let allowed = DecisionFilter {
        outcome: Some("allowed".to_owned()),
        ..DecisionFilter::default()
    };
    assert_eq!(list(&world, &acme, &allowed).await, []);
}

#[tokio::test]
async fn what_is_too_old_or_too_much_goes() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let old = [(acme.clone(), decision(at(0)))];
    insert(&world, &old).await;
    let many: Vec<_> = (0..DECISIONS_KEPT + 3)
        .map(|_| (acme.clone(), decision(at(60))))
        .collect();
    for batch in many.chunks(2_000) {
        insert(&world, batch).await;
    }
    let now = at(30) + DECISIONS_KEPT_FOR;
    let mut scope = world.database.tenant(&acme).await.unwrap();
    let report = scope.sweep_expired(now, 500).await.unwrap();
    assert_eq!(report.decisions, 4);
    let report = scope.sweep_expired(now, 500).await.unwrap();
    assert_eq!(report.decisions, 0);
    scope.commit().await.unwrap();
    let left = world.db_count("decisions").await;
    assert_eq!(left, i64::from(DECISIONS_KEPT));
}
