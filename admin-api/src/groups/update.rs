//! PATCH …/groups/{id}: what people read about it.

use authority::audit::EventType;
use protocol::GroupName;
use serde::Deserialize;
use store::GroupUpdate;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::groups::{self, GroupOut};
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};

/// Changes to a group. Absent: unchanged; null: empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GroupChanges, example = json!({"description": "Whoever may deploy."}))]
pub struct GroupPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    display_name: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Change<String>,
}

impl GroupPatch {
    fn check(&self) -> Result<(), Problem> {
        let mut faults = Faults::default();
        let said = |change: &Change<String>| match change {
            Change::Set(text) => Some(text.clone()),
            Change::Keep | Change::Reset => None,
        };
        let (display_name, description) = (said(&self.display_name), said(&self.description));
        groups::check_words(&mut faults, display_name.as_deref(), description.as_deref());
        faults.finish()
    }
}

/// Change a group
///
/// Its name stays: policies name it.
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenant}/groups/{id}",
    tag = "groups",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The group's name.", example = "engineers"),
    ),
    request_body = GroupPatch,
    responses((status = 200, description = "The group as it is now.", body = GroupOut)),
)]
pub async fn update_group(
    access: TenantWrite<Users>,
    api: Api,
    Id(name): Id<GroupName>,
    Body(body): Body<GroupPatch>,
) -> Result<Committed<Found<GroupOut>>, Problem> {
    let unknown = || groups::unknown(access.tenant.slug());
    let mut scope = access.open(&api).await?;
    let before = scope.find_group_for_update(&name).await?;
    let before = before.ok_or_else(unknown)?;
    body.check()?;
    let update = GroupUpdate {
        display_name: body.display_name.apply(before.display_name.clone()),
        description: body.description.apply(before.description.clone()),
    };
    scope.update_group(&name, &update, api.now()).await?;
    let after = scope.find_group(&name).await?.ok_or_else(unknown)?;
    let shown = GroupOut::new(&after);
    let changes = Changes::updated(&GroupOut::new(&before), &shown);
    let target = audit::target("group", &name);
    let recorded = scope
        .record(EventType::GroupUpdated, target, changes)
        .await?;
    recorded.commit(Found(shown)).await
}
