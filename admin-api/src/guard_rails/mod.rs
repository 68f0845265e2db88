//! The policies of the platform above all tenants, which only forbid: in the form of a tenant's (`policies`).

pub mod diff;
pub mod find;
pub mod find_version;
pub mod list_versions;
pub mod revert;
pub mod write;

use authority::audit::{EventType, Target};
use store::{PlatformScope, PolicyVersion};

use crate::audit;
use crate::policies::Named;
use crate::problem::Problem;

const LIST_PATH: &str = "/admin/v1/guard-rails/versions";

fn target(version: i64) -> (EventType, Target) {
    let target = audit::target("guard_rail_version", &version);
    (EventType::GuardRailVersionCreated, target)
}

/// Version 0 is what there is before the first one: nothing.
async fn find(
    scope: &mut PlatformScope,
    version: i64,
    named: Named,
) -> Result<Option<PolicyVersion>, Problem> {
    if version == 0 {
        return Ok(None);
    }
    let found = scope.find_guard_rail_version(version).await?;
    found.map(Some).ok_or_else(|| named.unknown(LIST_PATH))
}
