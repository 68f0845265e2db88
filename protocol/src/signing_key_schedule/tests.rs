use proptest::prelude::*;

use super::*;
use SigningAlgorithm::{EdDsa, Es256, Ps256, Rs256};
use SigningKeyState::{Active, Next, Retired};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A tenant's rows, how many there ever were, and what taking a step does to them.
#[derive(Clone, Debug, Default)]
struct Rows(Vec<Row>, u32);

#[derive(Clone, Debug)]
struct Row {
    kid: String,
    facts: SigningKeyFacts<'static>,
}

fn start() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000)
}

fn settings(algorithm: SigningAlgorithm) -> SigningKeySettings {
    SigningKeySettings {
        algorithm,
        rotation_interval: 30 * DAY,
        lead: DAY,
        wait: Duration::ZERO,
    }
}

impl Rows {
    fn facts(&self) -> Vec<SigningKeyFacts<'_>> {
        self.0
            .iter()
            .map(|row| SigningKeyFacts {
                kid: &row.kid,
                ..row.facts
            })
            .collect()
    }

    fn find(&self, signs: SigningKeyUse, state: SigningKeyState) -> Option<&Row> {
        let mut rows = self.0.iter();
        rows.find(|row| row.facts.signs == signs && row.facts.state == state)
    }

    fn signer(&self) -> &Row {
        self.find(SigningKeyUse::Tokens, Active)
            .expect("a key that signs")
    }

    fn id_token_algorithm(&self) -> Option<SigningAlgorithm> {
        self.find(SigningKeyUse::IdTokens, Active)
            .map(|row| row.facts.algorithm)
    }

    fn row(&mut self, kid: &str) -> &mut Row {
        self.0.iter_mut().find(|row| row.kid == kid).expect(kid)
    }

    fn make(
        &mut self,
        signs: SigningKeyUse,
        algorithm: SigningAlgorithm,
        activate_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        self.1 += 1;
        self.0.push(Row {
            kid: self.1.to_string(),
            facts: SigningKeyFacts {
                kid: "",
                algorithm,
                signs,
                state: if activate_at.is_some() { Next } else { Active },
                created_at: now,
                activate_at,
                activated_at: activate_at.is_none().then_some(now),
                retired_at: None,
            },
        });
    }

    fn retire(&mut self, kid: &str, now: Timestamp) {
        let row = self.row(kid);
        assert_eq!(row.facts.state, Active);
        row.facts.state = Retired;
        row.facts.retired_at = Some(now);
    }

    fn take(&mut self, step: Step<'_>, now: Timestamp) {
        match step {
            Step::MakeActive { signs, algorithm } => self.make(signs, algorithm, None, now),
            Step::MakeNext {
                signs,
                algorithm,
                activate_at,
            } => self.make(signs, algorithm, Some(activate_at), now),
            Step::Activate { kid, outgoing } => {
                match outgoing {
                    Some((old, Outgoing::Retired)) => self.retire(old, now),
                    Some((old, Outgoing::SignsIdTokens)) => {
                        self.row(old).facts.signs = SigningKeyUse::IdTokens;
                    }
                    None => {}
                }
                let row = self.row(kid);
                row.facts.state = Active;
                row.facts.activated_at = Some(now);
            }
            Step::Retire { kid } => self.retire(kid, now),
            Step::Remove { kid } => self.0.retain(|row| row.kid != kid),
            Step::Wait { .. } => {}
        }
    }

    /// Everything that is due, and when the next thing is.
    fn settle(
        &mut self,
        settings: &SigningKeySettings,
        is_awaited: bool,
        now: Timestamp,
    ) -> Timestamp {
        for _ in 0..16 {
            let before = self.clone();
            match next_step(&before.facts(), settings, |_| is_awaited, now) {
                Step::Wait { until } => return until,
                step => self.take(step, now),
            }
        }
        panic!("it never ends: {self:?}");
    }
}

#[test]
fn a_new_tenant_signs_at_once_and_has_rs256_for_id_tokens() {
    for algorithm in SigningAlgorithm::ALL {
        let mut rows = Rows::default();
        rows.settle(&settings(algorithm), false, start());
        assert_eq!(rows.signer().facts.algorithm, algorithm);
        let companion = (algorithm != Rs256).then_some(Rs256);
        assert_eq!(rows.id_token_algorithm(), companion);
    }
}

/// P2, on the default settings, day by day.
#[test]
fn a_key_is_made_a_day_ahead_signs_for_thirty_and_goes_a_day_after() {
    let settings = settings(Rs256);
    let mut rows = Rows::default();
    let mut now = start();
    let due = rows.settle(&settings, false, now);
    assert_eq!(due, now + DAY, "somebody looks each day");
    now = start() + 29 * DAY;
    assert_eq!(rows.settle(&settings, false, now), now + DAY);
    assert_eq!(
        rows.find(SigningKeyUse::Tokens, Next)
            .unwrap()
            .facts
            .activate_at,
        Some(start() + 30 * DAY)
    );
    assert_eq!(rows.signer().kid, "1");
    now = start() + 30 * DAY - Duration::from_secs(1);
    rows.settle(&settings, false, now);
    assert_eq!(rows.signer().kid, "1");
    now = start() + 30 * DAY;
    rows.settle(&settings, false, now);
    assert_eq!(rows.signer().kid, "2");
    let end = now + RETIRED_KEY_LIFETIME;
    assert_eq!(rows.settle(&settings, false, now + DAY), end);
    assert_eq!(rows.0.len(), 2, "what it signed is still to be verified");
    rows.settle(&settings, false, end);
    assert_eq!(rows.0.len(), 1);
}

/// P2: never within its first hour, whatever settings or an operator say.
#[test]
fn a_rotation_that_comes_late_or_is_in_a_hurry_still_publishes_for_an_hour() {
    let mut hurried = settings(Rs256);
    hurried.lead = Duration::from_secs(1);
    let mut rows = Rows::default();
    rows.settle(&hurried, false, start());
    // Nobody looked for a year.
    let late = start() + 365 * DAY;
    assert_eq!(rows.settle(&hurried, false, late), late + HOUR);
    assert_eq!(rows.signer().kid, "1");
    // Its row says sooner.
    rows.row("2").facts.activate_at = Some(late);
    let minute = Duration::from_mins(1);
    assert_eq!(rows.settle(&hurried, false, late + minute), late + HOUR);
    rows.settle(&hurried, false, late + HOUR);
    assert_eq!(rows.signer().kid, "2");
}

#[test]
fn a_rotation_on_demand_changes_the_key_at_its_earliest_moment() {
    let settings = settings(Rs256);
    let mut rows = Rows::default();
    rows.settle(&settings, false, start());
    let on_demand = |rows: &Rows, now| match on_demand(&rows.facts(), &settings, now) {
        OnDemand::Make { activate_at, .. } => (None, activate_at),
        OnDemand::Advance { kid, activate_at } => (Some(kid.to_owned()), activate_at),
    };
    assert_eq!(on_demand(&rows, start()), (None, start() + HOUR));
    rows.make(SigningKeyUse::Tokens, Rs256, Some(start() + DAY), start());
    let two = Some("2".to_owned());
    assert_eq!(on_demand(&rows, start()), (two.clone(), start() + HOUR));
    let later = start() + 2 * HOUR;
    assert_eq!(on_demand(&rows, later), (two, later));
}

#[test]
fn a_changed_algorithm_comes_by_rotation_and_rs256_stays_for_id_tokens() {
    let mut rows = Rows::default();
    rows.settle(&settings(Rs256), false, start());
    let now = start() + HOUR;
    let due = rows.settle(&settings(Es256), false, now);
    assert_eq!((rows.signer().facts.algorithm, due), (Rs256, now + DAY));
    let now = due;
    rows.settle(&settings(Es256), false, now);
    assert_eq!(rows.signer().facts.algorithm, Es256);
    assert_eq!(rows.find(SigningKeyUse::IdTokens, Active).unwrap().kid, "1");
    // To a third one: nothing happens to the RS256 key, which rotates in its own time.
    rows.settle(&settings(Ps256), false, now);
    let now = now + DAY;
    rows.settle(&settings(Ps256), false, now);
    assert_eq!(rows.signer().facts.algorithm, Ps256);
    assert_eq!(rows.find(SigningKeyUse::IdTokens, Active).unwrap().kid, "1");
    let ends = start() + 30 * DAY;
    rows.settle(&settings(Ps256), false, ends - DAY);
    rows.settle(&settings(Ps256), false, ends);
    assert_eq!(rows.find(SigningKeyUse::IdTokens, Active).unwrap().kid, "4");
    // And back.
    rows.settle(&settings(Rs256), false, ends);
    rows.settle(&settings(Rs256), false, ends + DAY);
    assert_eq!(rows.signer().facts.algorithm, Rs256);
    assert_eq!(rows.id_token_algorithm(), None);
    rows.settle(&settings(Rs256), false, ends + 4 * DAY);
    assert_eq!(rows.0.len(), 1);
}

#[test]
fn a_next_key_of_an_algorithm_that_nobody_wants_any_more_never_signs() {
    let mut rows = Rows::default();
    rows.settle(&settings(Rs256), false, start());
    rows.settle(&settings(Es256), false, start());
    assert_eq!(rows.find(SigningKeyUse::Tokens, Next).unwrap().kid, "2");
    rows.settle(&settings(EdDsa), false, start());
    let next = rows.find(SigningKeyUse::Tokens, Next).unwrap();
    assert_eq!(next.facts.algorithm, EdDsa);
    rows.settle(&settings(Rs256), false, start());
    assert_eq!(rows.0.len(), 1);
}

#[test]
fn resources_are_waited_for_within_the_tenants_bound() {
    let mut settings = settings(Rs256);
    settings.wait = 2 * DAY;
    let mut rows = Rows::default();
    rows.settle(&settings, false, start());
    rows.settle(&settings, false, start() + 29 * DAY);
    let due = start() + 30 * DAY;
    assert_eq!(rows.settle(&settings, true, due), due + LOOK_AGAIN);
    assert_eq!(rows.signer().kid, "1");
    let mut seen = rows.clone();
    seen.settle(&settings, false, due + LOOK_AGAIN);
    assert_eq!(seen.signer().kid, "2");
    let last = due + 2 * DAY;
    let minute = Duration::from_mins(1);
    assert_eq!(rows.settle(&settings, true, last - minute), last);
    rows.settle(&settings, true, last);
    assert_eq!(rows.signer().kid, "2");
}

/// P3: a key that leaked is gone; whatever there is signs, and RS256 is to be had for ID tokens.
#[test]
fn without_an_active_key_the_next_one_signs_at_once_or_a_fresh_one() {
    let mut rows = Rows::default();
    rows.settle(&settings(Rs256), false, start());
    rows.settle(&settings(Es256), false, start());
    rows.0.retain(|row| row.kid != "1");
    rows.settle(&settings(Es256), true, start() + Duration::from_secs(1));
    assert_eq!(rows.signer().kid, "2");
    assert_eq!(rows.id_token_algorithm(), Some(Rs256));
    rows.0.clear();
    rows.settle(&settings(Es256), true, start() + Duration::from_secs(2));
    assert_eq!(rows.signer().facts.algorithm, Es256);
    assert_eq!(rows.id_token_algorithm(), Some(Rs256));
}

#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    Want(SigningAlgorithm),
    Leak(prop::sample::Index),
    Await(bool),
    Rotate,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let algorithm = prop::sample::select(SigningAlgorithm::ALL.to_vec());
    let event = prop_oneof![
        6 => (1_u64..200_000).prop_map(Event::Pass),
        2 => algorithm.prop_map(Event::Want),
        1 => any::<prop::sample::Index>().prop_map(Event::Leak),
        1 => any::<bool>().prop_map(Event::Await),
        2 => Just(Event::Rotate),
    ];
    proptest::collection::vec(event, 0..60)
}

proptest! {
    /// Whatever happens and whenever somebody looks: one key of each line signs, no key signs within its
    /// first hour unless nothing else could, and none goes before its last token has ended.
    #[test]
    fn whatever_happens_the_invariants_hold(
        events in events(), lead in 0_u64..300_000, interval in 86_400_u64..3_000_000,
    ) {
        let mut settings = settings(Rs256);
        settings.lead = Duration::from_secs(lead);
        settings.rotation_interval = Duration::from_secs(interval);
        settings.wait = HOUR;
        let (mut rows, mut now, mut is_awaited) = (Rows::default(), start(), false);
        rows.settle(&settings, is_awaited, now);
        for event in events {
            let mut leaked = None;
            match event {
                Event::Pass(seconds) => now = now + Duration::from_secs(seconds),
                Event::Want(algorithm) => settings.algorithm = algorithm,
                Event::Leak(which) => leaked = Some(rows.0.remove(which.index(rows.0.len())).kid),
                Event::Await(it) => is_awaited = it,
                Event::Rotate => {
                    let before = rows.clone();
                    match on_demand(&before.facts(), &settings, now) {
                        OnDemand::Advance { kid, activate_at } => {
                            rows.row(kid).facts.activate_at = Some(activate_at);
                        }
                        OnDemand::Make { algorithm, activate_at } => {
                            rows.0.retain(|row| row.facts.signs != SigningKeyUse::Tokens || row.facts.state != Next);
                            rows.make(SigningKeyUse::Tokens, algorithm, Some(activate_at), now);
                        }
                    }
                }
            }
            let before = rows.clone();
            let until = rows.settle(&settings, is_awaited, now);
            prop_assert!(until > now);
            check(&before, &rows, leaked.is_some(), now)?;
        }
    }
}

fn check(
    before: &Rows,
    after: &Rows,
    has_leaked: bool,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    for (signs, state) in [
        (SigningKeyUse::Tokens, Active),
        (SigningKeyUse::Tokens, Next),
        (SigningKeyUse::IdTokens, Active),
        (SigningKeyUse::IdTokens, Next),
    ] {
        let rows = after.0.iter();
        let count = rows
            .filter(|row| row.facts.signs == signs && row.facts.state == state)
            .count();
        prop_assert!(count <= 1);
    }
    let is_rs256 = after.signer().facts.algorithm == Rs256;
    prop_assert_eq!(after.id_token_algorithm(), (!is_rs256).then_some(Rs256));
    for row in &after.0 {
        let old = before.0.iter().find(|old| old.kid == row.kid);
        let became_active =
            old.is_some_and(|old| old.facts.state == Next) && row.facts.state == Active;
        if became_active && !has_leaked {
            prop_assert!(row.facts.created_at + MIN_PUBLISHED <= now);
        }
        if row.facts.state == Retired {
            prop_assert!(now < row.facts.retired_at.unwrap() + RETIRED_KEY_LIFETIME);
        }
    }
    for row in &before.0 {
        if after.0.iter().all(|kept| kept.kid != row.kid) {
            let is_over = row
                .facts
                .retired_at
                .is_some_and(|at| at + RETIRED_KEY_LIFETIME <= now);
            prop_assert!(
                is_over || row.facts.state == Next,
                "{} went too early",
                row.kid
            );
        }
    }
    Ok(())
}
