//! What a caller may give to a key, or to a person: nothing that it does not have itself.

use std::time::Duration;

use protocol::{AdminKeyId, AdminScopes, Timestamp};
use serde::Deserialize;
use store::{AdminKey, NewAdminKey, SecretDigest, Tenant};
use utoipa::ToSchema;

use crate::api::Api;
use crate::principal::Caller;
use crate::problem::{Faults, Problem};
use crate::wire;

/// More than there are kinds of things, each to read and to write.
const MOST_SCOPES: usize = 30;
/// Zero: at once. A month is enough for every pipeline to have run.
const OVERLAP: std::ops::RangeInclusive<u64> = 0..=2_592_000;
const DEFAULT_OVERLAP: u64 = 3_600;

/// What a key is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTenantAdminKey, example = json!({
    "name": "deploy pipeline", "scopes": ["clients:write", "resources:read"], "lifetime": 7_776_000,
}))]
pub struct KeyBody {
    /// Who or what will hold it.
    pub name: String,
    /// What it may do, such as `clients:write`; `*:read` reads everything, `*:write` is an administrator's. No more
    /// than the key (or person) that calls has.
    #[schema(min_items = 1, max_items = 30)]
    pub scopes: Vec<String>,
    /// Seconds from now; absent: until it is revoked, or as long as the key that calls.
    #[schema(minimum = 60, maximum = 315_360_000)]
    pub lifetime: Option<u64>,
}

/// A body that was read, judged against who sent it.
pub struct Given {
    pub name: String,
    pub scopes: AdminScopes,
    pub expires_at: Option<Timestamp>,
}

impl KeyBody {
    /// `has`: what the caller has in the place that the key is for.
    pub fn validate(
        &self,
        caller: &Caller,
        has: &AdminScopes,
        now: Timestamp,
    ) -> Result<Given, Problem> {
        let mut faults = Faults::default();
        let name = wire::words(&mut faults, "name", &self.name, wire::NAME_LIMIT);
        let scopes = read_scopes(&mut faults, &self.scopes);
        let lifetime = self.lifetime.map(|seconds| {
            wire::lifetime(&mut faults, "lifetime", seconds, &wire::ADMIN_KEY_LIFETIME)
        });
        faults.finish()?;
        require_within(&scopes, has)?;
        Ok(Given {
            name,
            scopes,
            expires_at: end_within(caller, lifetime, now)?,
        })
    }
}

fn read_scopes(faults: &mut Faults, texts: &[String]) -> AdminScopes {
    if texts.is_empty() || texts.len() > MOST_SCOPES {
        let detail = format!("Name 1 to {MOST_SCOPES} scopes, such as clients:read.");
        faults.add("scopes", detail);
    }
    let mut scopes = AdminScopes::default();
    for (at, text) in texts.iter().take(MOST_SCOPES).enumerate() {
        if let Some(scope) = faults.take(
            &format!("scopes[{at}]"),
            AdminScopes::parse([text.as_str()]),
        ) {
            scopes = scopes.union(&scope);
        }
    }
    scopes
}

/// Otherwise whoever may make keys may do everything.
pub(crate) fn require_within(scopes: &AdminScopes, has: &AdminScopes) -> Result<(), Problem> {
    if scopes.is_within(has) {
        return Ok(());
    }
    Err(Problem::forbidden(format!(
        "Nobody gives more than they have: {scopes} is asked for, and you have {has} here."
    )))
}

/// A key that ends makes none that outlives it: else it would have no end.
fn end_within(
    caller: &Caller,
    lifetime: Option<Duration>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Problem> {
    let asked = lifetime.map(|lifetime| now + lifetime);
    match (asked, caller.ends_at) {
        (None, last) => Ok(last),
        (Some(asked), Some(last)) if asked > last => Err(Problem::forbidden(format!(
            "Nobody gives more than they have: your own key ends at {}, and this one would live longer.",
            wire::time(last)
        ))),
        (Some(asked), _) => Ok(Some(asked)),
    }
}

/// How a key is to be replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AdminKeyRotation, example = json!({"overlap": 3_600}))]
pub struct RotationBody {
    /// Seconds that the old key goes on working; 0: not at all.
    #[schema(minimum = 0, maximum = 2_592_000, default = 3_600)]
    overlap: Option<u64>,
}

impl RotationBody {
    pub fn overlap(&self) -> Result<Duration, Problem> {
        let mut faults = Faults::default();
        let seconds = self.overlap.unwrap_or(DEFAULT_OVERLAP);
        let overlap = wire::lifetime(&mut faults, "overlap", seconds, &OVERLAP);
        faults.finish().map(|()| overlap)
    }
}

/// The key that takes the place of another: the same name, tenant and scopes, and as long a life, but no longer than
/// the caller's. To rotate is to be given the key, so it takes all that the key may do.
pub fn successor_of(
    before: &AdminKey,
    tenant: Option<&Tenant>,
    (caller, has): (&Caller, &AdminScopes),
    (api, digest): (&Api, SecretDigest),
    now: Timestamp,
) -> Result<NewAdminKey, Problem> {
    if !before.is_live(now) {
        let detail = "The key has ended, so nothing can take its place; make another one.";
        return Err(Problem::conflicting_state(detail));
    }
    require_within(&before.scopes, has)?;
    let lifetime = before
        .expires_at
        .map(|expires_at| expires_at.saturating_since(before.created_at));
    let wanted = lifetime.map(|lifetime| now + lifetime);
    let expires_at = match (wanted, caller.ends_at) {
        (Some(wanted), Some(last)) => Some(wanted.min(last)),
        (wanted, last) => wanted.or(last),
    };
    Ok(NewAdminKey {
        admin_key_id: AdminKeyId::generate(api.random(), now),
        tenant: tenant.cloned(),
        name: before.name.clone(),
        digest,
        scopes: before.scopes.clone(),
        rotated_from: Some(before.admin_key_id),
        expires_at,
    })
}
