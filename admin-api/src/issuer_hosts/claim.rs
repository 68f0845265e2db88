//! POST /admin/v1/issuer-hosts.

use authority::audit::EventType;
use protocol::issuer_host::{CLAIM_LIFETIME, IssuerHost, new_challenge};
use protocol::{IssuerHostId, Slug};
use serde::Deserialize;
use store::{IssuerHostClaim, StoreError};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::Changes;
use crate::issuer_hosts::{self, IssuerHostOut};
use crate::operation::{Committed, Created};
use crate::principal::PlatformWrite;
use crate::principal::kinds::Tenants;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::tenants::system;
use crate::text;

/// A host, and the tenant that is to be made there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewIssuerHost, example = json!({"host": "auth.initech.example", "tenant": "initech"}))]
pub struct ClaimBody {
    /// What stands between `https://` and the path of the issuer: lower case, with its port if that is not 443.
    #[schema(value_type = text::HostText)]
    host: String,
    /// The slug that the tenant will have; there is none of this name yet.
    #[schema(value_type = text::SlugText)]
    tenant: String,
}

impl ClaimBody {
    fn validate(&self, api: &Api) -> Result<(IssuerHost, Slug), Problem> {
        let mut faults = Faults::default();
        let slug = faults.take("tenant", Slug::parse(&self.tenant));
        if let Some(slug) = &slug {
            system::check_slug(&mut faults, "tenant", slug);
        }
        let host = faults.take("host", IssuerHost::parse(&self.host));
        if let Some(host) = &host {
            if issuer_hosts::is_our_own(api, host) {
                let detail =
                    "This is the host of WRIT_PUBLIC_URL: a tenant below it needs no claim.";
                faults.add("host", detail);
            } else if let Err(fault) = api.authority().check_issuer_host(host) {
                let detail = format!(
                    "It has to show a proof at {}, where nobody would look: {fault}.",
                    host.proof_url()
                );
                faults.add("host", detail);
            }
        }
        faults.finish()?;
        host.zip(slug)
            .ok_or_else(|| Problem::internal("a fault was not named"))
    }
}

/// Claim a host
///
/// For a tenant that is to be made with its issuer there. The answer says what the host has to show, and where; once it
/// does, verify the claim. It ends after 7 days unverified. Several may claim one host: the first that is verified has
/// it.
#[utoipa::path(
    post,
    path = "/admin/v1/issuer-hosts",
    tag = "issuer-hosts",
    request_body = ClaimBody,
    responses((status = 201, description = "The claim.", body = IssuerHostOut)),
)]
pub async fn claim_issuer_host(
    access: PlatformWrite<Tenants>,
    api: Api,
    Body(body): Body<ClaimBody>,
) -> Result<Committed<Created<IssuerHostOut>>, Problem> {
    let (host, slug) = body.validate(&api)?;
    let mut platform = access.open(&api).await?;
    platform.wait_for_issuer_host(host.as_str()).await?;
    issuer_hosts::refuse_what_is_taken(&mut platform, &host, &slug).await?;
    let now = api.now();
    let claim = IssuerHostClaim {
        issuer_host_id: IssuerHostId::generate(api.random(), now),
        host,
        slug,
        challenge: new_challenge(api.random()),
        created_at: now,
        expires_at: now + CLAIM_LIFETIME,
        verified_at: None,
    };
    let inserted = platform.insert_issuer_host(&claim, now).await;
    inserted.map_err(|error| claimed(error, &claim))?;
    let thing = IssuerHostOut::new(&claim, now);
    let recorded = platform
        .record(
            EventType::IssuerHostClaimed,
            issuer_hosts::target(&claim),
            Changes::created(&thing),
        )
        .await?;
    recorded
        .commit(Created {
            location: issuer_hosts::location(claim.issuer_host_id),
            thing,
        })
        .await
}

fn claimed(error: StoreError, claim: &IssuerHostClaim) -> Problem {
    Problem::from_conflict(error, |constraint| {
        (constraint == "issuer_hosts_are_claimed_once").then(|| {
            let (host, slug) = (&claim.host, &claim.slug);
            let detail = format!(
                "{host} is claimed for {slug} already; GET {}?host={host} shows the claim.",
                issuer_hosts::LIST
            );
            ("host", detail)
        })
    })
}
