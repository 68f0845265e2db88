//! POST …/initial-access-tokens.

use authority::audit::EventType;
use crypto::SecretKind;
use protocol::{Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use store::{InitialAccessToken, NewInitialAccessToken};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::initial_access_tokens::{self, TokenOut};
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Clients;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::text;
use crate::{secret, wire};

const MOST_USES: std::ops::RangeInclusive<u32> = 1..=1_000_000;

/// An initial access token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInitialAccessToken, example = json!({"name": "the mobile team", "max_uses": 5, "lifetime": 604_800}))]
pub struct NewTokenBody {
    /// Who gets it, or what for.
    #[schema(value_type = text::Words)]
    name: String,
    /// How many clients may be registered with it; absent: any number.
    #[schema(minimum = 1, maximum = 1_000_000)]
    max_uses: Option<u32>,
    /// From then on it is refused; or `lifetime`; neither: until it is revoked.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Seconds from now.
    #[schema(minimum = 60, maximum = 315_360_000)]
    lifetime: Option<u64>,
}

/// A new initial access token, with the token itself: the only time that it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedInitialAccessToken)]
pub struct CreatedToken {
    #[serde(flatten)]
    token: TokenOut,
    /// Sent to the registration endpoint as `Authorization: Bearer …`.
    #[schema(example = "writ_iat_…")]
    initial_access_token: String,
}

impl NewTokenBody {
    fn validate(&self, now: Timestamp) -> Result<(String, Option<Timestamp>), Problem> {
        let mut faults = Faults::default();
        let name = wire::words(&mut faults, "name", &self.name, wire::NAME_LIMIT);
        if self.max_uses.is_some_and(|uses| !MOST_USES.contains(&uses)) {
            let (least, most) = (MOST_USES.start(), MOST_USES.end());
            faults.add("max_uses", format!("From {least} to {most}."));
        }
        let until = self
            .expires_at
            .as_ref()
            .and_then(|text| wire::end(&mut faults, "expires_at", text, now));
        let lifetime = self.lifetime.map(|seconds| {
            let bounds = &wire::INITIAL_ACCESS_TOKEN_LIFETIME;
            now + wire::lifetime(&mut faults, "lifetime", seconds, bounds)
        });
        if self.expires_at.is_some() && lifetime.is_some() {
            faults.add("lifetime", "Send lifetime or expires_at, not both.");
        }
        faults.finish().map(|()| (name, until.or(lifetime)))
    }
}

/// Create an initial access token
///
/// Where `registration_policy` is `initial_access_token`, a client registers itself with one. It is in this answer
/// and nowhere afterwards.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/initial-access-tokens",
    tag = "clients",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = NewTokenBody,
    responses((status = 201, description = "The token.", body = CreatedToken)),
)]
pub async fn create_initial_access_token(
    access: TenantWrite<Clients>,
    api: Api,
    Body(body): Body<NewTokenBody>,
) -> Result<Committed<Created<CreatedToken>>, Problem> {
    let now = api.now();
    let (name, expires_at) = body.validate(now)?;
    let (text, digest) = secret::generate(&api, SecretKind::InitialAccessToken);
    let new = NewInitialAccessToken {
        token_id: TokenId::generate(api.random(), now),
        name,
        digest,
        max_uses: body.max_uses,
        expires_at,
    };
    let mut scope = access.open(&api).await?;
    scope.insert_initial_access_token(&new, now).await?;
    let token = TokenOut::new(&shown(&new, now));
    let target = audit::target("initial_access_token", &new.token_id);
    let recorded = scope
        .record(
            EventType::InitialAccessTokenCreated,
            target,
            Changes::created(&token),
        )
        .await?;

    let list = initial_access_tokens::list_path(access.tenant.slug());
    recorded
        .commit(Created {
            location: format!("{list}/{}", new.token_id),
            thing: CreatedToken {
                token,
                initial_access_token: text,
            },
        })
        .await
}

fn shown(new: &NewInitialAccessToken, now: Timestamp) -> InitialAccessToken {
    InitialAccessToken {
        token_id: new.token_id,
        name: new.name.clone(),
        max_uses: new.max_uses,
        uses: 0,
        expires_at: new.expires_at,
        revoked_at: None,
        created_at: now,
    }
}
