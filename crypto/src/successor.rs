//! The successor of a refresh token, kept so that an honest retry gets the same one again (F5).
//!
//! The database must not hold a usable refresh token (F11), so the successor is sealed under a key that
//! only who presents the old token can make: HKDF of the presented token's text. Bound to tenant, family
//! and generation, it opens in no other row.

use protocol::ids::TenantId;
use zeroize::Zeroizing;

use crate::derive::SUCCESSOR;
use crate::envelope::{AssociatedData, NotOurs, SealingKey};
use crate::peppers::Peppers;
use crate::refresh_token::RefreshToken;

/// Seals `successor` for whoever presents `presented` again.
pub fn seal(tenant_id: TenantId, presented: &RefreshToken, successor: &RefreshToken) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(128);
    let place = place_of(tenant_id, presented);
    key_of(presented).seal_onto(&mut sealed, &place.0, successor.expose().as_bytes());
    sealed
}

/// Opens the successor that was sealed when `presented` was rotated.
pub fn open(
    peppers: &Peppers,
    tenant_id: TenantId,
    presented: &RefreshToken,
    sealed: &[u8],
) -> Result<RefreshToken, NotOurs> {
    let opened: Zeroizing<Vec<u8>> =
        key_of(presented).open(&place_of(tenant_id, presented).0, sealed)?;
    let text = std::str::from_utf8(&opened).map_err(|_| NotOurs)?;
    let successor = peppers
        .parse_refresh_token(tenant_id, text)
        .map_err(|_| NotOurs)?;
    let follows = successor.family_id() == presented.family_id()
        && Some(successor.generation()) == presented.generation().checked_add(1);
    if follows { Ok(successor) } else { Err(NotOurs) }
}

fn key_of(presented: &RefreshToken) -> SealingKey {
    SealingKey::derive(presented.expose().as_bytes(), SUCCESSOR)
}

fn place_of(tenant_id: TenantId, presented: &RefreshToken) -> AssociatedData {
    AssociatedData::of(&[
        tenant_id.as_uuid().as_bytes(),
        presented.family_id().as_uuid().as_bytes(),
        &presented.generation().to_be_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use protocol::ids::FamilyId;

    use super::*;
    use crate::system::SystemRandom;
    use crate::testing::{peppers, random_id};

    #[test]
    fn who_presents_the_old_token_again_gets_the_same_successor() {
        let peppers = peppers(&[1]);
        let tenant_id = random_id(TenantId::generate);
        let family_id = random_id(FamilyId::generate);
        let issue = |generation| {
            peppers.issue_refresh_token(tenant_id, family_id, generation, &SystemRandom)
        };
        let (old, new) = (issue(4), issue(5));
        let sealed = seal(tenant_id, &old, &new);
        assert_eq!(
            open(&peppers, tenant_id, &old, &sealed).unwrap().expose(),
            new.expose()
        );
        assert!(!sealed.windows(16).any(|window| {
            new.expose()
                .as_bytes()
                .windows(16)
                .any(|text| text == window)
        }));
    }

    #[test]
    fn nothing_else_opens_it() {
        let peppers = peppers(&[1]);
        let tenant_id = random_id(TenantId::generate);
        let family_id = random_id(FamilyId::generate);
        let issue = |generation| {
            peppers.issue_refresh_token(tenant_id, family_id, generation, &SystemRandom)
        };
        let (old, new) = (issue(4), issue(5));
        let sealed = seal(tenant_id, &old, &new);
        for other in [issue(4), issue(3), new.clone()] {
            assert!(open(&peppers, tenant_id, &other, &sealed).is_err());
        }
        assert!(open(&peppers, random_id(TenantId::generate), &old, &sealed).is_err());
        assert!(open(&peppers, tenant_id, &old, &sealed[1..]).is_err());
        // Sealed by us, yet no successor: a generation that does not follow.
        let skipped = seal(tenant_id, &old, &issue(6));
        assert!(open(&peppers, tenant_id, &old, &skipped).is_err());
    }
}
