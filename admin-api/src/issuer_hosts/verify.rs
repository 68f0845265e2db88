//! POST /admin/v1/issuer-hosts/{id}/verify.

use authority::audit::EventType;
use authority::issuer_hosts::IssuerHostError;
use protocol::{IssuerHostId, Timestamp};
use store::{IssuerHostClaim, PlatformScope};

use crate::api::Api;
use crate::audit::Changes;
use crate::issuer_hosts::{self, IssuerHostOut};
use crate::operation::{Committed, Found};
use crate::principal::PlatformWrite;
use crate::principal::kinds::Tenants;
use crate::problem::{Problem, ProblemKind};
use crate::request::Id;

/// Verify a claim to a host
///
/// Asks the host for what it has to show, through the guard: an https answer with status 200 from an address of the
/// public internet, no redirect. If it shows that, the tenant may be made with its issuer there. Of several who claim
/// one host, the first has it; a claim that is verified already stays so, and nothing is asked.
#[utoipa::path(
    post,
    path = "/admin/v1/issuer-hosts/{id}/verify",
    tag = "issuer-hosts",
    params(("id" = String, Path, description = "The claim's id.")),
    responses((status = 200, description = "The claim, verified.", body = IssuerHostOut)),
)]
pub async fn verify_issuer_host(
    access: PlatformWrite<Tenants>,
    api: Api,
    Id(issuer_host_id): Id<IssuerHostId>,
) -> Result<Committed<Found<IssuerHostOut>>, Problem> {
    // Others' hosts are asked before the transaction: nobody waits in line for them.
    let mut reading = access.read(&api).await?;
    let found = reading.find_issuer_host(issuer_host_id).await?;
    let claim = found.ok_or_else(issuer_hosts::unknown)?;
    if claim.verified_at.is_none() {
        refuse_what_cannot_be(&mut reading, &claim, api.now()).await?;
        reading.end().await?;
        let authority = api.authority();
        let proved = authority.prove_issuer_host(&claim.host, &claim.challenge);
        proved.await.map_err(|error| told(error, &claim))?;
    } else {
        reading.end().await?;
    }

    let mut platform = access.open(&api).await?;
    platform.wait_for_issuer_host(claim.host.as_str()).await?;
    let now = api.now();
    let found = platform.find_issuer_host(issuer_host_id).await?;
    let before = found.ok_or_else(issuer_hosts::unknown)?;
    let shown_before = IssuerHostOut::new(&before, now);
    if before.verified_at.is_some() {
        let shown = IssuerHostOut::new(&before, now);
        return platform.leave(&shown_before, Found(shown)).await;
    }
    refuse_what_cannot_be(&mut platform, &before, now).await?;
    if !platform.verify_issuer_host(issuer_host_id, now).await? {
        return Err(over(&before));
    }
    let after = IssuerHostClaim {
        verified_at: Some(now),
        ..before
    };
    let shown = IssuerHostOut::new(&after, now);
    let recorded = platform
        .record(
            EventType::IssuerHostVerified,
            issuer_hosts::target(&after),
            Changes::updated(&shown_before, &shown),
        )
        .await?;
    recorded.commit(Found(shown)).await
}

async fn refuse_what_cannot_be(
    platform: &mut PlatformScope,
    claim: &IssuerHostClaim,
    now: Timestamp,
) -> Result<(), Problem> {
    if claim.is_over(now) {
        return Err(over(claim));
    }
    issuer_hosts::refuse_what_is_taken(platform, &claim.host, &claim.slug).await
}

fn over(claim: &IssuerHostClaim) -> Problem {
    Problem::conflicting_state(format!(
        "This claim ended at {}, unverified. Claim {} for {} anew: what the host has to show is another text then.",
        claim.expires_at, claim.host, claim.slug,
    ))
}

fn told(error: IssuerHostError, claim: &IssuerHostClaim) -> Problem {
    let detail = format!(
        "Nothing is proved, and nothing was changed: {error}. {} has to answer a GET with status 200 and this text alone: {}",
        claim.host.proof_url(),
        claim.challenge,
    );
    Problem::new(ProblemKind::FetchFailed, detail)
}
