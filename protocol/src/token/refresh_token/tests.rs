use proptest::prelude::*;

use super::DigestMatch::{Current, Neither, Previous};
use super::RefreshDecision::{Dead, Keep, Reuse, Rotate, SameSuccessor};
use super::*;
use crate::test_support::{at, client_key, grant_id, uuid};

const DAY: i64 = 86_400;

fn family(generation: u32) -> RefreshFamily {
    RefreshFamily {
        family_id: FamilyId::from_uuid(uuid(1)),
        grant_id: grant_id(1),
        client_key: client_key(1),
        generation,
        rotated_at: (generation > 0).then(|| at(0)),
        created_at: at(-DAY),
        idle_expires_at: at(DAY),
        absolute_expires_at: at(30 * DAY),
        security_epoch: 1,
        dpop_jkt: None,
        revoked_at: None,
    }
}

fn presented(generation: u32, digest: DigestMatch) -> PresentedRefreshToken {
    PresentedRefreshToken {
        family_id: FamilyId::from_uuid(uuid(1)),
        generation,
        digest,
    }
}

fn terms() -> RefreshTerms<'static> {
    RefreshTerms {
        client_key: client_key(1),
        dpop_key: None,
        standing: Standing::GOOD,
        security_epoch: 1,
        grace_window: DEFAULT_GRACE_WINDOW,
        is_rotating: true,
    }
}

fn decide_at(generation: u32, digest: DigestMatch, seconds: i64) -> RefreshDecision {
    decide(
        &family(5),
        presented(generation, digest),
        &terms(),
        at(seconds),
    )
}

/// RFC 9449 §5, row T2: without the key a token is refused before its state is looked at, whatever it is.
#[test]
fn a_bound_token_takes_its_key() {
    let own = JwkThumbprint::parse("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").unwrap();
    let other = JwkThumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap();
    let bound = RefreshFamily {
        dpop_jkt: Some(own.clone()),
        ..family(5)
    };
    let decide_by = |family: &RefreshFamily, dpop_key, generation, digest| {
        let terms = RefreshTerms {
            dpop_key,
            ..terms()
        };
        decide(family, presented(generation, digest), &terms, at(10))
    };
    for (generation, digest) in [(5, Current), (4, Previous), (3, Neither), (6, Neither)] {
        for key in [None, Some(&other)] {
            let refused = decide_by(&bound, key, generation, digest);
            assert_eq!(refused, Dead(RefreshError::WrongKey));
        }
    }
    assert_eq!(decide_by(&bound, Some(&own), 5, Current), Rotate);
    assert_eq!(decide_by(&bound, Some(&own), 4, Previous), SameSuccessor);
    assert_eq!(
        decide_by(&bound, Some(&own), 3, Neither),
        Reuse(grant_id(1))
    );
    // One that is not bound is for any key, and for none.
    assert_eq!(decide_by(&family(5), Some(&own), 5, Current), Rotate);
    assert_eq!(decide_by(&family(5), None, 5, Current), Rotate);
}

/// Rows F1, F4, F5: the table of the rule.
#[test]
fn the_decision_table_holds() {
    assert_eq!(decide_at(5, Current, 10), Rotate);
    assert_eq!(decide_at(4, Previous, 0), SameSuccessor);
    assert_eq!(decide_at(4, Previous, 59), SameSuccessor);
    assert_eq!(
        decide_at(4, Previous, 60),
        Dead(RefreshError::SpentOutsideWindow)
    );
    assert_eq!(decide_at(3, Neither, 0), Reuse(grant_id(1)));
    assert_eq!(decide_at(0, Neither, 1_000), Reuse(grant_id(1)));
    let lasting = RefreshTerms {
        is_rotating: false,
        ..terms()
    };
    assert_eq!(
        decide(&family(0), presented(0, Current), &lasting, at(10)),
        Keep
    );
}

/// Row F10: a digest that the generation never had, or a generation that is still to come.
#[test]
fn what_the_row_does_not_know_is_unknown_and_costs_nothing() {
    for (generation, digest) in [
        (5, Neither),
        (5, Previous),
        (4, Neither),
        (4, Current),
        (6, Neither),
        (6, Current),
        (u32::MAX, Neither),
    ] {
        assert_eq!(
            decide_at(generation, digest, 0),
            Dead(RefreshError::Unknown),
            "{generation} {digest:?}"
        );
    }
}

/// Row F2.
#[test]
fn another_client_never_touches_the_family() {
    let stranger = RefreshTerms {
        client_key: client_key(2),
        ..terms()
    };
    for (generation, digest) in [(5, Current), (4, Previous), (0, Neither)] {
        let decision = decide(&family(5), presented(generation, digest), &stranger, at(0));
        assert_eq!(decision, Dead(RefreshError::WrongClient));
    }
    let mut other = presented(5, Current);
    other.family_id = FamilyId::from_uuid(uuid(2));
    assert_eq!(
        decide(&family(5), other, &terms(), at(0)),
        Dead(RefreshError::Unknown)
    );
}

/// Rows D6, F7, F8, F9: all of them invalid_grant.
#[test]
fn what_has_ended_stays_ended_for_the_live_leaf_and_the_retry() {
    let standing = |is_client_enabled, is_user_enabled, is_grant_live| RefreshTerms {
        standing: Standing {
            is_client_enabled,
            is_user_enabled,
            is_grant_live,
        },
        ..terms()
    };
    let good = family(5);
    let revoked = RefreshFamily {
        revoked_at: Some(at(1)),
        ..good.clone()
    };
    let idle = RefreshFamily {
        idle_expires_at: at(10),
        ..good.clone()
    };
    let over = RefreshFamily {
        absolute_expires_at: at(10),
        ..good.clone()
    };
    let restored = RefreshTerms {
        security_epoch: 2,
        ..terms()
    };
    for (family, terms, error) in [
        (&revoked, terms(), RefreshError::Revoked),
        (&idle, terms(), RefreshError::IdleTooLong),
        (&over, terms(), RefreshError::Expired),
        (&good, restored, RefreshError::EpochPassed),
        (
            &good,
            standing(false, true, true),
            RefreshError::ClientDisabled,
        ),
        (
            &good,
            standing(true, false, true),
            RefreshError::UserDisabled,
        ),
        (
            &good,
            standing(true, true, false),
            RefreshError::GrantRevoked,
        ),
    ] {
        for (generation, digest) in [(5, Current), (4, Previous)] {
            assert_eq!(
                decide(family, presented(generation, digest), &terms, at(10)),
                Dead(error)
            );
        }
        assert_eq!(error.code(), ErrorCode::InvalidGrant);
    }
}

/// Two processes share a token and refresh 61 s apart.
#[test]
fn a_late_process_is_refused_without_harm_until_its_token_is_two_behind() {
    let mut family = family(1);
    assert_eq!(
        decide(&family, presented(0, Previous), &terms(), at(61)),
        Dead(RefreshError::SpentOutsideWindow)
    );
    assert_eq!(
        decide(&family, presented(1, Current), &terms(), at(61)),
        Rotate
    );
    (family.generation, family.rotated_at) = (2, Some(at(61)));
    assert_eq!(
        decide(&family, presented(0, Neither), &terms(), at(62)),
        Reuse(grant_id(1))
    );
}

#[test]
fn idle_expiry_never_outlives_the_family() {
    let soon = next_idle_expiry(Duration::from_mins(1), at(1_000), at(0));
    assert_eq!(soon, at(60));
    assert_eq!(
        next_idle_expiry(Duration::from_secs(5_000), at(1_000), at(0)),
        at(1_000)
    );
}

proptest! {
    /// A model of the store: tokens are numbered, any of them is presented at any time. At most one
    /// generation is ever live, and only an older genuine token costs the grant.
    #[test]
    fn at_most_one_leaf_lives(steps in prop::collection::vec((0_u32..8, 0_i64..90), 1..40)) {
        let mut family = family(0);
        let mut now = 0;
        for (back, wait) in steps {
            now += wait;
            let generation = family.generation.saturating_sub(back);
            let digest = match family.generation - generation {
                0 => Current,
                1 => Previous,
                _ => Neither,
            };
            let rotated_at = family.rotated_at;
            match decide(&family, presented(generation, digest), &terms(), at(now)) {
                Rotate => {
                    prop_assert_eq!(generation, family.generation);
                    family.generation += 1;
                    family.rotated_at = Some(at(now));
                }
                SameSuccessor => {
                    prop_assert_eq!(generation + 1, family.generation);
                    prop_assert!(rotated_at.is_some_and(|then| at(now) < then + DEFAULT_GRACE_WINDOW));
                }
                Reuse(_) => {
                    prop_assert!(generation + 1 < family.generation);
                    family.revoked_at = Some(at(now));
                }
                Dead(RefreshError::Revoked) => prop_assert!(family.revoked_at.is_some()),
                Dead(error) => prop_assert_eq!(error, RefreshError::SpentOutsideWindow),
                Keep => prop_assert!(false, "public clients rotate"),
            }
        }
    }
}
