//! When a signing key is made, begins to sign, is retired and is removed: from the keys there are, the
//! tenant's settings and the time. Row P2.
//!
//! Two lines of keys: the one that signs everything, and, where its algorithm is not RS256, one of RS256
//! for ID tokens (OpenID Connect Core §15.1: RS256 is always to be had). Each line goes
//! next → active → retired → gone, one step at a time: [`next_step`] is asked again after each.
//!
//! Not here: keys, rows, locks. The steps are written guarded (`store`), so that every replica may ask.
//!
//! To add one more algorithm: nothing here depends on which it is, RS256 apart.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::signing_algorithm::SigningAlgorithm;
use crate::token::access_token;

/// Verifiers cache the JWKS for a quarter of an hour and more, and some never ask again for a `kid` they do
/// not know: a key is published for this long before it signs.
pub const MIN_PUBLISHED: Duration = Duration::from_hours(1);
/// A retired key verifies until the last token that it may have signed is over, and a little longer.
pub const RETIRED_KEY_LIFETIME: Duration =
    Duration::from_secs(access_token::MAX_LIFETIME.as_secs() + 3_600);
/// While resources are waited for, how often it is looked whether they have come.
const LOOK_AGAIN: Duration = Duration::from_mins(5);
/// Somebody looks at a tenant's keys this often, whatever the rows say.
const MOST_PATIENT: Duration = Duration::from_hours(24);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeyState {
    /// Published, and does not sign yet.
    Next,
    Active,
    /// Signs no more, and still verifies.
    Retired,
}

impl SigningKeyState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Next, Self::Active, Self::Retired]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// What a key is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningKeyUse {
    /// Access tokens and everything else that we sign; ID tokens too, where it is an RS256 key.
    #[default]
    Tokens,
    /// The RS256 key of a tenant whose algorithm is another one.
    IdTokens,
}

impl SigningKeyUse {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::IdTokens => "id_tokens",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Tokens, Self::IdTokens]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// What the schedule needs to know of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningKeyFacts<'a> {
    pub kid: &'a str,
    pub algorithm: SigningAlgorithm,
    pub signs: SigningKeyUse,
    pub state: SigningKeyState,
    pub created_at: Timestamp,
    /// Of a next key: when it is due to sign.
    pub activate_at: Option<Timestamp>,
    pub activated_at: Option<Timestamp>,
    pub retired_at: Option<Timestamp>,
}

/// What the tenant's settings say about its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningKeySettings {
    pub algorithm: SigningAlgorithm,
    /// How long a key signs.
    pub rotation_interval: Duration,
    /// How long a key is published before it signs.
    pub lead: Duration,
    /// How much longer at most, for resources that have not seen it.
    pub wait: Duration,
}

impl SigningKeySettings {
    fn lead(&self) -> Duration {
        self.lead.max(MIN_PUBLISHED)
    }
}

/// What becomes of the key that signed so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    Retired,
    /// It was RS256 and its successor is not: it goes on as the key of ID tokens.
    SignsIdTokens,
}

/// The one thing to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Nothing signs: a key is made that signs at once.
    MakeActive {
        signs: SigningKeyUse,
        algorithm: SigningAlgorithm,
    },
    MakeNext {
        signs: SigningKeyUse,
        algorithm: SigningAlgorithm,
        activate_at: Timestamp,
    },
    Activate {
        kid: &'a str,
        outgoing: Option<(&'a str, Outgoing)>,
    },
    /// An active key that is needed no more.
    Retire { kid: &'a str },
    /// A key that no live token names, or a next one that will never sign.
    Remove { kid: &'a str },
    /// Nothing, before this moment.
    Wait { until: Timestamp },
}

/// What to do now. `is_awaited` says of a next key whether a resource that should see it has not yet.
pub fn next_step<'a>(
    keys: &[SigningKeyFacts<'a>],
    settings: &SigningKeySettings,
    is_awaited: impl Fn(&str) -> bool,
    now: Timestamp,
) -> Step<'a> {
    let view = View {
        keys,
        settings,
        is_awaited: &is_awaited,
        now,
    };
    let steps = [view.remove_retired(), view.tokens(), view.id_tokens()];
    let mut until = now + MOST_PATIENT;
    for step in steps {
        match step {
            Step::Wait { until: other } => until = until.min(other),
            step => return step,
        }
    }
    Step::Wait { until }
}

/// What an operator who wants the key changed gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDemand<'a> {
    /// None is published yet.
    Make {
        algorithm: SigningAlgorithm,
        activate_at: Timestamp,
    },
    /// It may sign from then on; a moment that is not ahead means now.
    Advance {
        kid: &'a str,
        activate_at: Timestamp,
    },
}

/// The earliest that the key may change.
pub fn on_demand<'a>(
    keys: &[SigningKeyFacts<'a>],
    settings: &SigningKeySettings,
    now: Timestamp,
) -> OnDemand<'a> {
    let next = find(keys, SigningKeyUse::Tokens, SigningKeyState::Next)
        .filter(|next| next.algorithm == settings.algorithm);
    match next {
        Some(next) => OnDemand::Advance {
            kid: next.kid,
            // Never later than it is due: how long it waits for resources is counted from there.
            activate_at: (next.created_at + MIN_PUBLISHED)
                .max(now)
                .min(next.activate_at.unwrap_or(now + MIN_PUBLISHED)),
        },
        None => OnDemand::Make {
            algorithm: settings.algorithm,
            activate_at: now + MIN_PUBLISHED,
        },
    }
}

struct View<'v, 'a> {
    keys: &'v [SigningKeyFacts<'a>],
    settings: &'v SigningKeySettings,
    is_awaited: &'v dyn Fn(&str) -> bool,
    now: Timestamp,
}

fn find<'a>(
    keys: &[SigningKeyFacts<'a>],
    signs: SigningKeyUse,
    state: SigningKeyState,
) -> Option<SigningKeyFacts<'a>> {
    keys.iter()
        .find(|key| key.signs == signs && key.state == state)
        .copied()
}

impl<'a> View<'_, 'a> {
    fn find(&self, signs: SigningKeyUse, state: SigningKeyState) -> Option<SigningKeyFacts<'a>> {
        find(self.keys, signs, state)
    }

    fn nothing(&self) -> Step<'a> {
        Step::Wait {
            until: self.now + MOST_PATIENT,
        }
    }

    fn remove_retired(&self) -> Step<'a> {
        let ends = self.keys.iter().filter_map(|key| {
            key.retired_at
                .map(|retired_at| (retired_at + RETIRED_KEY_LIFETIME, key.kid))
        });
        match ends.min_by_key(|(end, _)| *end) {
            Some((end, kid)) if end <= self.now => Step::Remove { kid },
            Some((until, _)) => Step::Wait { until },
            None => self.nothing(),
        }
    }

    fn tokens(&self) -> Step<'a> {
        self.line(SigningKeyUse::Tokens, self.settings.algorithm)
    }

    fn id_tokens(&self) -> Step<'a> {
        const LINE: SigningKeyUse = SigningKeyUse::IdTokens;
        let algorithm_of = |state| {
            self.find(SigningKeyUse::Tokens, state)
                .map(|key| key.algorithm)
        };
        if algorithm_of(SigningKeyState::Active) != Some(SigningAlgorithm::Rs256) {
            // It is about to be needed no more: no successor.
            let ends = algorithm_of(SigningKeyState::Next) == Some(SigningAlgorithm::Rs256);
            return match (ends, self.line(LINE, SigningAlgorithm::Rs256)) {
                (true, Step::MakeNext { .. }) => self.nothing(),
                (_, step) => step,
            };
        }
        match (
            self.find(LINE, SigningKeyState::Next),
            self.find(LINE, SigningKeyState::Active),
        ) {
            (Some(next), _) => Step::Remove { kid: next.kid },
            (None, Some(active)) => Step::Retire { kid: active.kid },
            (None, None) => self.nothing(),
        }
    }

    fn line(&self, signs: SigningKeyUse, algorithm: SigningAlgorithm) -> Step<'a> {
        let active = self.find(signs, SigningKeyState::Active);
        let next = self.find(signs, SigningKeyState::Next);
        match (active, next) {
            // Made before the algorithm was changed: it never signed, and never will.
            (_, Some(next)) if next.algorithm != algorithm => Step::Remove { kid: next.kid },
            // Nothing signs: that is worse than a verifier that does not know the key yet.
            (None, Some(next)) => Step::Activate {
                kid: next.kid,
                outgoing: None,
            },
            (None, None) => Step::MakeActive { signs, algorithm },
            (Some(active), None) => self.make_next(&active, algorithm),
            (Some(active), Some(next)) => self.activate(&active, &next),
        }
    }

    fn make_next(&self, active: &SigningKeyFacts<'a>, algorithm: SigningAlgorithm) -> Step<'a> {
        let lead = self.settings.lead();
        let ends =
            active.activated_at.unwrap_or(active.created_at) + self.settings.rotation_interval;
        let is_changed = active.algorithm != algorithm;
        let due = ends - lead;
        if !is_changed && due > self.now {
            return Step::Wait { until: due };
        }
        let earliest = self.now + lead;
        Step::MakeNext {
            signs: active.signs,
            algorithm,
            activate_at: if is_changed {
                earliest
            } else {
                ends.max(earliest)
            },
        }
    }

    fn activate(&self, active: &SigningKeyFacts<'a>, next: &SigningKeyFacts<'a>) -> Step<'a> {
        let planned = next
            .activate_at
            .unwrap_or(next.created_at + self.settings.lead());
        let due = planned.max(next.created_at + MIN_PUBLISHED);
        if self.now < due {
            return Step::Wait { until: due };
        }
        let at_the_latest = due + self.settings.wait;
        if self.now < at_the_latest && (self.is_awaited)(next.kid) {
            return Step::Wait {
                until: at_the_latest.min(self.now + LOOK_AGAIN),
            };
        }
        let goes_on = active.signs == SigningKeyUse::Tokens
            && active.algorithm == SigningAlgorithm::Rs256
            && next.algorithm != SigningAlgorithm::Rs256
            && self
                .find(SigningKeyUse::IdTokens, SigningKeyState::Active)
                .is_none();
        let outgoing = if goes_on {
            Outgoing::SignsIdTokens
        } else {
            Outgoing::Retired
        };
        Step::Activate {
            kid: next.kid,
            outgoing: Some((active.kid, outgoing)),
        }
    }
}

#[cfg(test)]
mod tests;
