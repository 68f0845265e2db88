//! Refresh tokens: rotation that an honest retry survives and a thief does not.
//!
//! One row per grant, the family, holds the one live leaf. The presented token carries family and
//! generation under a MAC, so an old genuine token is recognised without any history.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::dpop::JwkThumbprint;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::{ClientKey, FamilyId, GrantId};

use super::Standing;

/// While the successor is unused, the old token keeps answering with it for this long.
pub const DEFAULT_GRACE_WINDOW: Duration = Duration::from_mins(1);

/// The family as the store read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshFamily {
    pub family_id: FamilyId,
    pub grant_id: GrantId,
    pub client_key: ClientKey,
    /// The generation of the live leaf; the first token has 0.
    pub generation: u32,
    /// When the live leaf replaced the one before; none for the first.
    pub rotated_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub absolute_expires_at: Timestamp,
    pub security_epoch: i64,
    /// The key that a public client's token is bound to (RFC 9449 §5).
    pub dpop_jkt: Option<JwkThumbprint>,
    pub revoked_at: Option<Timestamp>,
}

/// The presented token after its MAC was checked: it is, or was, one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentedRefreshToken {
    pub family_id: FamilyId,
    pub generation: u32,
    pub digest: DigestMatch,
}

/// Which stored digest the presented token has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestMatch {
    Current,
    Previous,
    Neither,
}

/// What the decision depends on, beside family and token.
#[derive(Clone, Copy, Debug)]
pub struct RefreshTerms<'a> {
    /// The client that authenticated.
    pub client_key: ClientKey,
    /// The key of the request's DPoP proof.
    pub dpop_key: Option<&'a JwkThumbprint>,
    pub standing: Standing,
    /// The installation's epoch now: a restored back-up has an older one in its rows.
    pub security_epoch: i64,
    pub grace_window: Duration,
    /// Public clients always rotate (OAuth 2.1 §4.3.1); confidential ones by setting.
    pub is_rotating: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// The live leaf: spend it, make a successor.
    Rotate,
    /// The live leaf of a client that does not rotate: a fresh access token, no new refresh token.
    Keep,
    /// An honest retry: the same successor again, and a fresh access token.
    SameSuccessor,
    /// A spent token whose successor was used: revoke the grant, commit, then refuse.
    Reuse(GrantId),
    /// Refuse; nothing changes.
    Dead(RefreshError),
}

/// Logs keep the variant; clients see one of two sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshError {
    /// No such family, a wrong MAC, or a digest that the family does not have.
    Unknown,
    WrongClient,
    /// Bound to a key, and no proof or another key's came with it.
    WrongKey,
    Revoked,
    Reused,
    /// Spent, and the grace window is over; its successor lives on.
    SpentOutsideWindow,
    EpochPassed,
    IdleTooLong,
    Expired,
    ClientDisabled,
    UserDisabled,
    GrantRevoked,
}

impl std::fmt::Display for RefreshError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Unknown
            | Self::WrongClient
            | Self::Revoked
            | Self::Reused
            | Self::SpentOutsideWindow => {
                "the refresh token is unknown, spent or revoked; start a new authorization"
            }
            Self::WrongKey => {
                "the refresh token is bound to a key: send a DPoP proof by that one, or start a new \
                 authorization"
            }
            Self::EpochPassed
            | Self::IdleTooLong
            | Self::Expired
            | Self::ClientDisabled
            | Self::UserDisabled
            | Self::GrantRevoked => "the authorization is no longer valid; start a new one",
        })
    }
}

impl std::error::Error for RefreshError {}

impl ProtocolError for RefreshError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown
            | Self::WrongClient
            | Self::WrongKey
            | Self::Revoked
            | Self::Reused
            | Self::SpentOutsideWindow
            | Self::EpochPassed
            | Self::IdleTooLong
            | Self::Expired
            | Self::ClientDisabled
            | Self::UserDisabled
            | Self::GrantRevoked => ErrorCode::InvalidGrant,
        }
    }
}

/// Decides on what was read; the store's one guarded write compares the generation.
///
/// | presented | successor | window | decision |
/// |---|---|---|---|
/// | live leaf | – | – | rotate (or keep) |
/// | one before it | unused | open | the same successor |
/// | one before it | unused | over | refused, nothing revoked |
/// | older | used | any | reuse: the grant is revoked |
pub fn decide(
    family: &RefreshFamily,
    presented: PresentedRefreshToken,
    terms: &RefreshTerms<'_>,
    now: Timestamp,
) -> RefreshDecision {
    use RefreshDecision::{Dead, Keep, Reuse, Rotate, SameSuccessor};
    // Row F2: a stranger with somebody's token must not cost anyone a session.
    if family.family_id != presented.family_id {
        return Dead(RefreshError::Unknown);
    }
    if family.client_key != terms.client_key {
        return Dead(RefreshError::WrongClient);
    }
    // RFC 9449 §5: before anything of the token's state, so that whoever has the token and not the key
    // changes nothing by showing it.
    if !is_proved(family, terms.dpop_key) {
        return Dead(RefreshError::WrongKey);
    }
    if family.revoked_at.is_some() {
        return Dead(RefreshError::Revoked);
    }
    let leaf = match leaf_of(family, presented) {
        Ok(leaf) => leaf,
        Err(error) => return Dead(error),
    };
    // Theft is theft, whether or not the family would have lived on.
    if leaf == Leaf::Older {
        return Reuse(family.grant_id);
    }
    if let Some(error) = ending_of(family, terms, now) {
        return Dead(error);
    }
    match leaf {
        Leaf::Live if terms.is_rotating => Rotate,
        Leaf::Live => Keep,
        Leaf::Previous if is_in_window(family, terms.grace_window, now) => SameSuccessor,
        Leaf::Previous | Leaf::Older => Dead(RefreshError::SpentOutsideWindow),
    }
}

fn is_proved(family: &RefreshFamily, dpop_key: Option<&JwkThumbprint>) -> bool {
    family.dpop_jkt.is_none() || family.dpop_jkt.as_ref() == dpop_key
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaf {
    Live,
    /// Spent, its successor is the live leaf and therefore unused.
    Previous,
    /// Spent, and its successor was spent as well.
    Older,
}

fn leaf_of(family: &RefreshFamily, presented: PresentedRefreshToken) -> Result<Leaf, RefreshError> {
    let (generation, live) = (presented.generation, family.generation);
    match presented.digest {
        DigestMatch::Current if generation == live => Ok(Leaf::Live),
        DigestMatch::Previous if generation.checked_add(1) == Some(live) => Ok(Leaf::Previous),
        // Two or more behind: the digest is long forgotten, the MAC has vouched for the token.
        _ if generation.checked_add(1).is_some_and(|next| next < live) => Ok(Leaf::Older),
        // Ahead of the row (a restored back-up), or a digest that this generation never had.
        _ => Err(RefreshError::Unknown),
    }
}

/// Why no token of this family is good any more; rows D6, F7, F8.
fn ending_of(
    family: &RefreshFamily,
    terms: &RefreshTerms<'_>,
    now: Timestamp,
) -> Option<RefreshError> {
    if family.security_epoch != terms.security_epoch {
        return Some(RefreshError::EpochPassed);
    }
    if now >= family.absolute_expires_at {
        return Some(RefreshError::Expired);
    }
    if now >= family.idle_expires_at {
        return Some(RefreshError::IdleTooLong);
    }
    match terms.standing {
        Standing {
            is_client_enabled: false,
            ..
        } => Some(RefreshError::ClientDisabled),
        Standing {
            is_user_enabled: false,
            ..
        } => Some(RefreshError::UserDisabled),
        Standing {
            is_grant_live: false,
            ..
        } => Some(RefreshError::GrantRevoked),
        _ => None,
    }
}

fn is_in_window(family: &RefreshFamily, window: Duration, now: Timestamp) -> bool {
    family
        .rotated_at
        .is_some_and(|rotated_at| now < rotated_at + window)
}

/// When a token that is made now stops working for want of use; never beyond the family's end.
pub fn next_idle_expiry(
    idle_lifetime: Duration,
    absolute_expires_at: Timestamp,
    now: Timestamp,
) -> Timestamp {
    (now + idle_lifetime).min(absolute_expires_at)
}

#[cfg(test)]
mod tests;
