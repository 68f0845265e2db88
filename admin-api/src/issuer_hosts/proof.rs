//! The rule: a tenant's issuer is at a host outside of `WRIT_PUBLIC_URL` only if the host was verified for this tenant.
//!
//! Whoever may change the installation goes without: they could change `WRIT_PUBLIC_URL` and everybody's keys as well,
//! and on a private network no host can show anything.

use protocol::AdminObject;
use protocol::issuer_host::IssuerHost;
use store::{NewTenant, PlatformScope};

use super::{LIST, is_our_own};
use crate::api::Api;
use crate::principal::Caller;
use crate::problem::Problem;

/// In the transaction that makes the tenant, before it is made: nobody releases the host meanwhile.
pub async fn require_proof(
    platform: &mut PlatformScope,
    api: &Api,
    caller: &Caller,
    new: &NewTenant,
) -> Result<(), Problem> {
    let host = IssuerHost::of(&new.issuer);
    if is_our_own(api, &host) || caller.on_platform.covers(AdminObject::Installation, true) {
        return Ok(());
    }
    if !new.issuer.is_https() {
        let detail = format!(
            "{host} is whichever machine one is on, so nobody can show that it is theirs: an issuer there takes the \
             scope installation:write for the platform."
        );
        return Err(Problem::conflict("issuer", detail));
    }
    platform.wait_for_issuer_host(host.as_str()).await?;
    let claim = platform.find_issuer_host_of(&host, &new.slug).await?;
    let detail = match claim {
        Some(claim) if claim.verified_at.is_some() => return Ok(()),
        Some(claim) if !claim.is_over(api.now()) => format!(
            "{host} is claimed for {}, and not verified yet: let {} answer with {}, and then POST {LIST}/{}/verify.",
            new.slug,
            host.proof_url(),
            claim.challenge,
            claim.issuer_host_id,
        ),
        _ => format!(
            "{host} is not the host of this installation, so it has to be shown that it is yours: claim it for {} with \
             POST {LIST}, put what the claim says at {}, and verify the claim. Who has the scope installation:write for \
             the platform may go without.",
            new.slug,
            host.proof_url(),
        ),
    };
    Err(Problem::conflict("issuer", detail))
}
