//! Issuer hosts: hosts outside of `WRIT_PUBLIC_URL` that a tenant's issuer may be at, once whoever wants it there has
//! shown that the host is theirs. A claim comes before its tenant, and is for one slug.
//!
//! What it is not: where requests are routed. An issuer answers at its host because its tenant is there; a claim alone
//! answers nothing.

pub mod claim;
pub mod find;
pub mod list;
pub(crate) mod proof;
pub mod release;
pub mod verify;

use protocol::issuer_host::IssuerHost;
use protocol::{Issuer, IssuerHostId, Slug, Timestamp};
use serde::Serialize;
use store::{IssuerHostClaim, PlatformScope};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit;
use crate::problem::Problem;
use crate::wire;

const LIST: &str = "/admin/v1/issuer-hosts";

/// A claim to a host, as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuerHost, example = json!({
    "id": "0199c2a4-5e0e-7d54-8d4a-3c1f6f0b7a12",
    "host": "auth.initech.example",
    "tenant": "initech",
    "state": "pending",
    "challenge": {
        "url": "https://auth.initech.example/.well-known/writ-issuer-host",
        "content": "pTnWqk3yQ0zv2m1l9aYvXo5h8c7Jd4RsEuGfBiNtKwA",
    },
    "created_at": "2026-11-22T10:00:00Z",
    "expires_at": "2026-11-29T10:00:00Z",
    "verified_at": null,
}))]
pub struct IssuerHostOut {
    pub id: String,
    /// With its port, if that is not 443.
    pub host: String,
    /// The slug of the tenant whose issuer may be there.
    pub tenant: String,
    pub state: State,
    pub challenge: ChallengeOut,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it ends unverified; null once it is verified.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    #[schema(format = DateTime)]
    pub verified_at: Option<String>,
}

/// What the host has to show.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuerHostChallenge)]
pub struct ChallengeOut {
    /// Where: asked with GET, redirects are not followed.
    pub url: String,
    /// What: this alone, as text, with or without a line end. Of this claim only, and no secret.
    pub content: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IssuerHostState)]
pub enum State {
    /// Nothing is proved yet.
    Pending,
    /// The tenant's issuer may be there.
    Verified,
    /// It was not verified in time; claim the host anew.
    Expired,
}

impl IssuerHostOut {
    pub(crate) fn new(claim: &IssuerHostClaim, now: Timestamp) -> Self {
        let state = match claim.verified_at {
            Some(_) => State::Verified,
            None if claim.is_over(now) => State::Expired,
            None => State::Pending,
        };
        let ends = claim.verified_at.is_none().then_some(claim.expires_at);
        Self {
            id: claim.issuer_host_id.to_string(),
            host: claim.host.to_string(),
            tenant: claim.slug.to_string(),
            state,
            challenge: ChallengeOut {
                url: claim.host.proof_url(),
                content: claim.challenge.clone(),
            },
            created_at: wire::time(claim.created_at),
            expires_at: ends.map(wire::time),
            verified_at: claim.verified_at.map(wire::time),
        }
    }
}

/// Below `WRIT_PUBLIC_URL` every tenant has a place, and nobody has the host.
fn is_our_own(api: &Api, host: &IssuerHost) -> bool {
    let default = Issuer::parse(&format!("{}/t/x", api.public_url()));
    default.is_ok_and(|issuer| IssuerHost::of(&issuer) == *host)
}

/// Why the host cannot become this tenant's, if so. After `wait_for_issuer_host`.
async fn refuse_what_is_taken(
    platform: &mut PlatformScope,
    host: &IssuerHost,
    slug: &Slug,
) -> Result<(), Problem> {
    let used = platform.find_issuer_host_use(host, slug).await?;
    if used.is_slug_used {
        let detail = format!(
            "{slug} was given out to a tenant, whose issuer never changes: a host is claimed before its tenant is made."
        );
        return Err(Problem::conflict("tenant", detail));
    }
    if used.is_host_used {
        let detail = format!("{host} is, or was, the host of another tenant's issuer.");
        return Err(Problem::conflict("host", detail));
    }
    let owner = platform.find_verified_issuer_host(host).await?;
    if owner.is_some_and(|owner| owner.slug != *slug) {
        return Err(taken(host));
    }
    Ok(())
}

fn taken(host: &IssuerHost) -> Problem {
    let detail = format!(
        "{host} was verified for another tenant. Whoever claimed it must release it first; GET {LIST}?host={host} shows who."
    );
    Problem::conflict("host", detail)
}

fn unknown() -> Problem {
    Problem::not_found("issuer host", LIST)
}

fn location(issuer_host_id: IssuerHostId) -> String {
    format!("{LIST}/{issuer_host_id}")
}

fn target(claim: &IssuerHostClaim) -> authority::audit::Target {
    audit::target("issuer_host", &claim.issuer_host_id)
}
