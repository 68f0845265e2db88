//! Signing keys: what a tenant's tokens are signed with. Private parts never leave the server.
//!
//! They change by themselves; here they are looked at, changed before their time, removed when one leaked,
//! and sealed anew. Doing it is `authority`'s (`signing_key_rotation`), which says what the audit is to hold.

mod attempts;
pub mod list;
pub mod remove;
pub mod reseal;
pub mod rotate;

use authority::key_ring::KeyRingError;
use authority::signing_key_rotation::ActedBy;
use protocol::ResourceId;
use protocol::resource::Resources;
use protocol::signing_key_schedule::RETIRED_KEY_LIFETIME;
use serde::Serialize;
use store::{
    SigningKeyRecord, SigningKeySighting, SigningKeyState, SigningKeyUse, StoreError, TenantScope,
};
use utoipa::ToSchema;

use crate::clients;
use crate::principal::Caller;
use crate::problem::Problem;
use crate::wire;

const MAX_KID_BYTES: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SigningKeyState)]
pub enum KeyState {
    /// Published, and does not sign yet.
    Next,
    Active,
    /// Signs no more, and still verifies.
    Retired,
}

/// What a key is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SigningKeyUse)]
pub enum KeyUse {
    /// Access tokens, and ID tokens where it is an RS256 key.
    Tokens,
    /// The RS256 key of a tenant whose signing_algorithm is another one.
    IdTokens,
}

/// The name of a key in a path: the thumbprint that it is (RFC 7638).
pub struct Kid(String);

impl std::str::FromStr for Kid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_kid = (1..=MAX_KID_BYTES).contains(&text.len()) && text.bytes().all(is_base64url);
        is_kid.then(|| Self(text.to_owned())).ok_or(())
    }
}

/// A signing key as it is shown: its public part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub struct SigningKeyOut {
    pub kid: String,
    #[schema(example = "RS256")]
    pub algorithm: String,
    pub state: KeyState,
    pub signs: KeyUse,
    /// As it stands in the JWKS.
    #[schema(value_type = Object)]
    pub public_jwk: serde_json::Value,
    /// Which key-encryption key its private part is sealed under.
    pub kek_id: String,
    /// Published since.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Of a next key: when it is due to sign. A rotation may wait longer, for those that have not seen it.
    #[schema(format = DateTime)]
    pub activate_at: Option<String>,
    #[schema(format = DateTime)]
    pub activated_at: Option<String>,
    #[schema(format = DateTime)]
    pub retired_at: Option<String>,
    /// Of a retired key: when no token that it signed is good any more, and it goes.
    #[schema(format = DateTime)]
    pub removed_at: Option<String>,
    /// Resources that have fetched it at the issuer_jwks_uri of their own.
    pub seen_by: Vec<SightingOut>,
    /// Resources that fetched an active key at the issuer_jwks_uri of their own, and this one not yet.
    pub not_seen_by: Vec<UnsightedOut>,
}

/// A resource that was shown a key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKeySighting)]
pub struct SightingOut {
    /// Of the resource.
    pub id: String,
    #[schema(example = "https://notes.example.com/mcp")]
    pub identifier: String,
    #[schema(format = DateTime)]
    pub first_seen_at: String,
}

/// A resource that was not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MissingSighting)]
pub struct UnsightedOut {
    /// Of the resource.
    pub id: String,
    #[schema(example = "https://notes.example.com/mcp")]
    pub identifier: String,
}

/// What is known about who has seen which key.
pub(crate) struct Sightings<'a> {
    pub noted: &'a [SigningKeySighting],
    /// The kids that sign now: who was shown one uses the URL of its own.
    pub active: &'a [String],
    pub resources: &'a Resources,
}

/// The same, in one piece.
struct KnownSightings {
    noted: Vec<SigningKeySighting>,
    active: Vec<String>,
    resources: Resources,
}

impl KnownSightings {
    fn view(&self) -> Sightings<'_> {
        Sightings {
            noted: &self.noted,
            active: &self.active,
            resources: &self.resources,
        }
    }
}

/// All keys of a tenant, and who was shown them.
async fn read(
    scope: &mut TenantScope,
) -> Result<(Vec<SigningKeyRecord>, KnownSightings), StoreError> {
    let keys = scope.list_signing_keys().await?;
    let noted = scope.list_signing_key_sightings().await?;
    // Only to name those that were shown something.
    let resources = if noted.is_empty() {
        Resources::new(Vec::new())
    } else {
        clients::all_resources(scope).await?
    };
    let active = keys
        .iter()
        .filter(|key| key.state == SigningKeyState::Active)
        .map(|key| key.kid.clone())
        .collect();
    let known = KnownSightings {
        noted,
        active,
        resources,
    };
    Ok((keys, known))
}

impl Sightings<'_> {
    fn name(&self, resource_id: ResourceId) -> String {
        let found = self.resources.find(resource_id);
        found.map_or_else(String::new, |resource| resource.identifier().to_owned())
    }

    fn seen_by(&self, kid: &str) -> Vec<SightingOut> {
        let seen = self.noted.iter().filter(|one| one.kid == kid);
        seen.map(|one| SightingOut {
            id: one.resource_id.to_string(),
            identifier: self.name(one.resource_id),
            first_seen_at: wire::time(one.first_seen_at),
        })
        .collect()
    }

    /// A retired key is nobody's concern any more.
    fn not_seen_by(&self, key: &SigningKeyRecord) -> Vec<UnsightedOut> {
        if key.state == SigningKeyState::Retired {
            return Vec::new();
        }
        let has_seen = |resource_id, kid: &str| {
            let mut all = self.noted.iter();
            all.any(|one| one.resource_id == resource_id && one.kid == kid)
        };
        let mut missing: Vec<ResourceId> = Vec::new();
        for one in self.noted {
            if self.active.contains(&one.kid)
                && !has_seen(one.resource_id, &key.kid)
                && !missing.contains(&one.resource_id)
            {
                missing.push(one.resource_id);
            }
        }
        let unsighted = missing.into_iter().map(|resource_id| UnsightedOut {
            id: resource_id.to_string(),
            identifier: self.name(resource_id),
        });
        unsighted.collect()
    }
}

impl SigningKeyOut {
    pub(crate) fn new(key: SigningKeyRecord, sightings: &Sightings<'_>) -> Self {
        Self {
            state: KeyState::from(key.state),
            signs: match key.signs {
                SigningKeyUse::Tokens => KeyUse::Tokens,
                SigningKeyUse::IdTokens => KeyUse::IdTokens,
            },
            seen_by: sightings.seen_by(&key.kid),
            not_seen_by: sightings.not_seen_by(&key),
            kid: key.kid,
            algorithm: key.algorithm,
            public_jwk: key.public_jwk,
            kek_id: key.kek_id,
            created_at: wire::time(key.created_at),
            activate_at: key.activate_at.map(wire::time),
            activated_at: key.activated_at.map(wire::time),
            retired_at: key.retired_at.map(wire::time),
            removed_at: key
                .retired_at
                .map(|retired_at| wire::time(retired_at + RETIRED_KEY_LIFETIME)),
        }
    }
}

impl From<SigningKeyState> for KeyState {
    fn from(state: SigningKeyState) -> Self {
        match state {
            SigningKeyState::Next => Self::Next,
            SigningKeyState::Active => Self::Active,
            SigningKeyState::Retired => Self::Retired,
        }
    }
}

/// Who wants it, for the audit.
fn acted_by(caller: &Caller, reason: Option<String>) -> ActedBy {
    ActedBy {
        actor: caller.actor(),
        origin: caller.origin.clone(),
        reason,
    }
}

fn failed(error: KeyRingError) -> Problem {
    Problem::from(StoreError::from(error))
}
