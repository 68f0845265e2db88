//! Refresh tokens that say where they belong: `writ_rt_` + base64url of
//! pepper id (1) | family (16) | generation (4) | random (24) | MAC (16).
//!
//! The MAC covers the tenant too. So a truncated, altered, invented or another tenant's token is refused
//! without a query (F10, O1), and a spent token is recognised as once genuine without keeping history:
//! it carries a generation below the family's (F4). The MAC proves that we made it, never that it is
//! live: that, the digest in the family's row says.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::ids::{FamilyId, TenantId};
use protocol::random::Random;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::constant_time;
use crate::peppers::{Pepper, Peppers};
use crate::secret_token::Malformed;

pub const PREFIX: &str = "writ_rt_";

const FAMILY_AT: usize = 1;
const GENERATION_AT: usize = FAMILY_AT + 16;
const RANDOM_AT: usize = GENERATION_AT + 4;
const MAC_AT: usize = RANDOM_AT + 24;
const BYTES: usize = MAC_AT + 16;
/// 61 bytes are 81⅓ characters; the decoder refuses an unused bit that is set, so the spelling is unique.
const CHARACTERS: usize = 82;

/// A refresh token that we made for this tenant, at some time.
#[derive(Clone)]
pub struct RefreshToken {
    family_id: FamilyId,
    generation: u32,
    text: Zeroizing<String>,
}

impl RefreshToken {
    pub fn family_id(&self) -> FamilyId {
        self.family_id
    }

    /// The first token of a family is generation 0; each rotation adds one.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The token itself: for the one answer that carries it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether a text claims to be a refresh token at all; decides nothing.
    pub fn has_prefix(text: &str) -> bool {
        text.starts_with(PREFIX)
    }
}

impl Peppers {
    pub fn issue_refresh_token(
        &self,
        tenant_id: TenantId,
        family_id: FamilyId,
        generation: u32,
        random: &dyn Random,
    ) -> RefreshToken {
        let pepper = self.in_use();
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        bytes[0] = pepper.id;
        bytes[FAMILY_AT..GENERATION_AT].copy_from_slice(family_id.as_uuid().as_bytes());
        bytes[GENERATION_AT..RANDOM_AT].copy_from_slice(&generation.to_be_bytes());
        random.fill(&mut bytes[RANDOM_AT..MAC_AT]);
        let mac = pepper.refresh_token_mac(tenant_id, &bytes[..MAC_AT]);
        bytes[MAC_AT..].copy_from_slice(&mac.as_ref()[..BYTES - MAC_AT]);

        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + CHARACTERS));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&bytes[..], &mut text);
        RefreshToken {
            family_id,
            generation,
            text,
        }
    }

    /// Reads a presented refresh token. An error means that we never made it for this tenant, or made it
    /// under a pepper that has left the list; either way the answer is `invalid_grant`.
    pub fn parse_refresh_token(
        &self,
        tenant_id: TenantId,
        text: &str,
    ) -> Result<RefreshToken, Malformed> {
        let body = text.strip_prefix(PREFIX).ok_or(Malformed)?;
        if body.len() != CHARACTERS {
            return Err(Malformed);
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(body).map_err(|_| Malformed)?);
        let bytes: &[u8; BYTES] = bytes.as_slice().try_into().map_err(|_| Malformed)?;
        let pepper = self.find(bytes[0]).ok_or(Malformed)?;
        let mac = pepper.refresh_token_mac(tenant_id, &bytes[..MAC_AT]);
        if !constant_time::equal(&mac.as_ref()[..BYTES - MAC_AT], &bytes[MAC_AT..]) {
            return Err(Malformed);
        }
        let family = Uuid::from_slice(&bytes[FAMILY_AT..GENERATION_AT]).map_err(|_| Malformed)?;
        let mut generation = [0_u8; 4];
        generation.copy_from_slice(&bytes[GENERATION_AT..RANDOM_AT]);
        Ok(RefreshToken {
            family_id: FamilyId::from_uuid(family),
            generation: u32::from_be_bytes(generation),
            text: Zeroizing::new(text.to_owned()),
        })
    }
}

impl Pepper {
    fn refresh_token_mac(&self, tenant_id: TenantId, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.refresh_token_key);
        // Both parts have a fixed length, so their border cannot move.
        context.update(tenant_id.as_uuid().as_bytes());
        context.update(body);
        context.sign()
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RefreshToken")
            .field("family_id", &self.family_id)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret_token::{SecretKind, SecretToken};
    use crate::system::SystemRandom;
    use crate::testing::{peppers, random_id};

    fn ids() -> (TenantId, FamilyId) {
        (random_id(TenantId::generate), random_id(FamilyId::generate))
    }

    #[test]
    fn a_token_says_its_family_and_generation() {
        let (tenant_id, family_id) = ids();
        let peppers = peppers(&[1]);
        for generation in [0, 1, 7_000_000, u32::MAX] {
            let token =
                peppers.issue_refresh_token(tenant_id, family_id, generation, &SystemRandom);
            let parsed = peppers
                .parse_refresh_token(tenant_id, token.expose())
                .unwrap();
            assert_eq!(parsed.family_id(), family_id);
            assert_eq!(parsed.generation(), generation);
            assert!(peppers.verify(&parsed, &peppers.digest(&token)));
            assert_eq!(token.expose().len(), PREFIX.len() + CHARACTERS);
        }
    }

    #[test]
    fn two_tokens_of_one_generation_differ() {
        let (tenant_id, family_id) = ids();
        let peppers = peppers(&[1]);
        let one = peppers.issue_refresh_token(tenant_id, family_id, 3, &SystemRandom);
        let two = peppers.issue_refresh_token(tenant_id, family_id, 3, &SystemRandom);
        assert_ne!(one.expose(), two.expose());
        assert!(!peppers.verify(&two, &peppers.digest(&one)));
    }

    #[test]
    fn another_tenants_token_is_garbage_here() {
        let (tenant_id, family_id) = ids();
        let peppers = peppers(&[1]);
        let token = peppers.issue_refresh_token(tenant_id, family_id, 0, &SystemRandom);
        let other_tenant = random_id(TenantId::generate);
        assert!(
            peppers
                .parse_refresh_token(other_tenant, token.expose())
                .is_err()
        );
    }

    #[test]
    fn a_token_outlives_the_rotation_of_peppers_but_not_their_removal() {
        let (tenant_id, family_id) = ids();
        let token = peppers(&[1]).issue_refresh_token(tenant_id, family_id, 0, &SystemRandom);
        assert!(
            peppers(&[2, 1])
                .parse_refresh_token(tenant_id, token.expose())
                .is_ok()
        );
        assert!(
            peppers(&[2])
                .parse_refresh_token(tenant_id, token.expose())
                .is_err()
        );
    }

    #[test]
    fn no_other_kind_of_secret_is_a_refresh_token() {
        let (tenant_id, family_id) = ids();
        let peppers = peppers(&[1]);
        let refresh_token = peppers.issue_refresh_token(tenant_id, family_id, 0, &SystemRandom);
        for kind in SecretKind::ALL {
            let secret = SecretToken::generate(kind, &SystemRandom);
            assert!(
                peppers
                    .parse_refresh_token(tenant_id, secret.expose())
                    .is_err()
            );
            assert!(SecretToken::parse(kind, refresh_token.expose()).is_err());
            assert!(!PREFIX.starts_with(kind.prefix()) && !kind.prefix().starts_with(PREFIX));
        }
    }

    #[test]
    fn the_debug_form_does_not_tell_the_token() {
        let (tenant_id, family_id) = ids();
        let token = peppers(&[1]).issue_refresh_token(tenant_id, family_id, 0, &SystemRandom);
        assert!(!format!("{token:?}").contains(&token.expose()[8..30]));
    }

    proptest! {
        /// F10: truncated, lengthened or altered anywhere, the token is refused before any query.
        #[test]
        fn damage_is_refused(position in 0_usize..90, replacement in "[A-Za-z0-9_=. -]", cut in 1_usize..90) {
            let (tenant_id, family_id) = ids();
            let peppers = peppers(&[1]);
            let token = peppers.issue_refresh_token(tenant_id, family_id, 5, &SystemRandom);
            let text = token.expose();
            let mut changed = text.to_owned();
            changed.replace_range(position..=position, &replacement);
            if changed != text {
                prop_assert!(peppers.parse_refresh_token(tenant_id, &changed).is_err());
            }
            prop_assert!(peppers.parse_refresh_token(tenant_id, &text[..text.len() - cut]).is_err());
            let longer = format!("{text}{replacement}");
            prop_assert!(peppers.parse_refresh_token(tenant_id, &longer).is_err());
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in any::<String>()) {
            let (tenant_id, _) = ids();
            prop_assert!(peppers(&[1]).parse_refresh_token(tenant_id, &text).is_err());
            let prefixed = format!("{PREFIX}{text}");
            prop_assert!(peppers(&[1]).parse_refresh_token(tenant_id, &prefixed).is_err());
        }
    }
}
