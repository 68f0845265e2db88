//! Answers that are kept for calls that come again.

use crate::NewIdempotentAnswer;
use crate::tests::support::{World, at, idempotent_answer};

/// The first that is kept is the answer, until it is over.
#[tokio::test]
async fn a_key_stands_for_one_answer_until_that_is_over() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let mut scope = world.database.tenant(&tenant).await.unwrap();
    let new = idempotent_answer();
    assert!(scope.insert_idempotent_answer(&new, at(0)).await.unwrap());
    let other = NewIdempotentAnswer {
        sealed_answer: vec![1],
        expires_at: at(2_000),
        ..new.clone()
    };
    assert!(
        !scope
            .insert_idempotent_answer(&other, at(899))
            .await
            .unwrap()
    );
    let find = async |scope: &mut crate::TenantScope, now| {
        let found = scope.find_idempotent_answer(&new.caller, &new.key_digest, at(now));
        found.await.unwrap().map(|found| found.sealed_answer)
    };
    assert_eq!(find(&mut scope, 899).await, Some(vec![9]));
    assert_eq!(find(&mut scope, 900).await, None);
    // Its key is free again, swept or not.
    assert!(
        scope
            .insert_idempotent_answer(&other, at(900))
            .await
            .unwrap()
    );
    assert_eq!(find(&mut scope, 901).await, Some(vec![1]));
    let swept = scope.sweep_expired(at(1_999), 10).await.unwrap();
    assert_eq!(swept.idempotent_answers, 0);
    let swept = scope.sweep_expired(at(2_000), 10).await.unwrap();
    assert_eq!(swept.idempotent_answers, 1);
}

/// The same above tenants.
#[tokio::test]
async fn a_key_above_tenants_stands_for_one_answer_until_that_is_over() {
    let world = World::new().await;
    let mut platform = world.database.platform().await.unwrap();
    let new = idempotent_answer();
    let kept = platform.insert_platform_idempotent_answer(&new, at(0));
    assert!(kept.await.unwrap());
    let again = platform.insert_platform_idempotent_answer(&new, at(1));
    assert!(!again.await.unwrap());
    let found = platform.find_platform_idempotent_answer(&new.caller, &new.key_digest, at(1));
    assert_eq!(found.await.unwrap().unwrap().sealed_answer, [9]);
    let found = platform.find_platform_idempotent_answer("key:2", &new.key_digest, at(1));
    assert_eq!(found.await.unwrap(), None);
    let swept = platform.sweep_platform_idempotent_answers(at(899), 10);
    assert_eq!(swept.await.unwrap(), 0);
    let swept = platform.sweep_platform_idempotent_answers(at(900), 10);
    assert_eq!(swept.await.unwrap(), 1);
}

/// Two at once: the second waits for the first, and is told.
#[tokio::test]
async fn of_two_at_once_the_first_that_commits_is_kept() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let new = idempotent_answer();
    let mut first = world.database.tenant(&tenant).await.unwrap();
    let mut second = world.database.tenant(&tenant).await.unwrap();
    assert!(first.insert_idempotent_answer(&new, at(0)).await.unwrap());
    let (committed, inserted) =
        tokio::join!(first.commit(), second.insert_idempotent_answer(&new, at(0)));
    committed.unwrap();
    assert!(!inserted.unwrap());
}
