//! POST …/groups.

use authority::audit::EventType;
use protocol::GroupName;
use serde::Deserialize;
use store::{Group, NewGroup};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::groups::{self, GroupOut};
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::{Faults, Problem};
use crate::request::Body;

/// As many as a list of them is still of use.
const MOST_GROUPS: u32 = 10_000;

/// A group to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGroup, example = json!({"name": "engineers", "display_name": "Engineers"}))]
pub struct NewGroupBody {
    /// What policies call it, for ever: up to 100 of a-z, 0-9 and . _ : @ -.
    name: String,
    display_name: Option<String>,
    description: Option<String>,
}

impl NewGroupBody {
    pub(crate) fn validate(self) -> Result<NewGroup, Problem> {
        let mut faults = Faults::default();
        let name = GroupName::parse(&self.name);
        if let Err(error) = &name {
            faults.add("name", format!("{error}."));
        }
        groups::check_words(
            &mut faults,
            self.display_name.as_deref(),
            self.description.as_deref(),
        );
        faults.finish()?;
        Ok(NewGroup {
            name: name.map_err(Problem::internal)?,
            display_name: self.display_name,
            description: self.description,
        })
    }
}

/// Create a group
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/groups",
    tag = "groups",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = NewGroupBody,
    responses((status = 201, description = "The group.", body = GroupOut)),
)]
pub async fn create_group(
    access: TenantWrite<Users>,
    api: Api,
    Body(body): Body<NewGroupBody>,
) -> Result<Committed<Created<GroupOut>>, Problem> {
    let new = body.validate()?;
    let mut scope = access.open(&api).await?;
    let now = api.now();
    if scope.count_groups(MOST_GROUPS).await? >= MOST_GROUPS {
        let detail = format!("A tenant has at most {MOST_GROUPS} groups; delete one first.");
        return Err(Problem::conflicting_state(detail));
    }
    let inserted = scope.insert_group(&new, now).await;
    inserted.map_err(|error| {
        Problem::from_conflict(error, |constraint| match constraint {
            "groups_pkey" => {
                let detail = format!(
                    "There is a group {} already; choose another name.",
                    new.name
                );
                Some(("name", detail))
            }
            _ => None,
        })
    })?;
    let thing = GroupOut::new(&Group {
        name: new.name,
        display_name: new.display_name,
        description: new.description,
        created_at: now,
        updated_at: now,
    });
    let target = audit::target("group", &thing.name);
    let recorded = scope
        .record(EventType::GroupCreated, target, Changes::created(&thing))
        .await?;
    let slug = access.tenant.slug();
    let location = format!("/admin/v1/tenants/{slug}/groups/{}", thing.name);
    recorded.commit(Created { location, thing }).await
}
