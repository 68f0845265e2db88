//! The document as it is read: the bodies that make each thing, with bounds.

use protocol::AdminObject;
use protocol::webhook::MOST_WEBHOOKS;
use serde::Deserialize;
use utoipa::ToSchema;

use super::FORMAT_VERSION;
use crate::clients::body::NewClientBody;
use crate::groups::create::NewGroupBody;
use crate::policies::write::NewVersionBody;
use crate::principal::Caller;
use crate::problem::{Faults, Problem};
use crate::quotas::update::QuotaPatch;
use crate::resources::create::NewResourceBody;
use crate::tenants::ChosenState;
use crate::tenants::create::NewTenantBody;
use crate::users::import::ImportedUser;

/// Of each kind: what one transaction takes in a few seconds.
const MOST: usize = 1_000;

/// A tenant with what belongs to it. Members have the names that they have in the bodies that make each thing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantDocument, example = json!({
    "format_version": 1,
    "tenant": {"slug": "acme-copy", "display_name": "Acme", "default_resource": "https://notes.example.com/mcp"},
    "resources": [{"identifier": "https://notes.example.com/mcp", "name": "Notes"}],
    "clients": [{"client_id": "notes-desktop", "redirect_uris": ["http://127.0.0.1/callback"]}],
    "groups": [{"name": "engineers"}],
    "users": [{"username": "alice", "groups": ["engineers"]}],
}))]
pub struct DocumentBody {
    /// 1.
    #[schema(minimum = 1, maximum = 1)]
    pub format_version: u32,
    #[schema(value_type = DocumentTenant)]
    pub tenant: NewTenantBody,
    #[serde(default)]
    #[schema(max_items = 1_000)]
    pub resources: Vec<NewResourceBody>,
    /// Those that somebody entered. No `client_secret`: one is made where a client needs one.
    #[serde(default)]
    #[schema(max_items = 1_000)]
    pub clients: Vec<NewClientBody>,
    #[serde(default)]
    #[schema(max_items = 1_000)]
    pub groups: Vec<NewGroupBody>,
    /// Absent: the policies that come with Writ.
    pub policies: Option<NewVersionBody>,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub webhooks: Vec<DocumentWebhook>,
    pub quotas: Option<QuotaPatch>,
    /// With what they may be signed in by, where it is added: an export has no `password_hash`.
    #[serde(default)]
    #[schema(max_items = 1_000)]
    pub users: Vec<ImportedUser>,
}

/// A webhook to be made, with a new secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentWebhook {
    /// What it is for.
    pub name: String,
    #[schema(format = "uri")]
    pub url: String,
    #[schema(min_items = 1, max_items = 100)]
    pub events: Vec<String>,
    /// Absent: `active`.
    pub state: Option<DocumentWebhookState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentWebhookState {
    Active,
    Disabled,
}

/// For the description alone: what makes a tenant, and what can be said once its resources are there.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape matters")]
pub struct DocumentTenant {
    #[serde(flatten)]
    tenant: NewTenantBody,
    /// The identifier of one of the document's resources.
    default_resource: Option<String>,
    /// Absent: `active`.
    state: Option<ChosenState>,
}

impl DocumentBody {
    /// What the signature of the operation cannot say: each section takes the right to make such things.
    pub fn require_rights(&self, caller: &Caller) -> Result<(), Problem> {
        for (object, is_named) in [
            (AdminObject::Resources, !self.resources.is_empty()),
            (AdminObject::Clients, !self.clients.is_empty()),
            (
                AdminObject::Users,
                !self.groups.is_empty() || !self.users.is_empty(),
            ),
            (AdminObject::Policies, self.policies.is_some()),
            (AdminObject::Webhooks, !self.webhooks.is_empty()),
        ] {
            if is_named {
                caller.require_on_platform(object, true)?;
            }
        }
        if !self.webhooks.is_empty() {
            // They tell what the audit has, as `webhooks::require_audit` says for the others.
            caller.require_on_platform(AdminObject::Audit, false)?;
        }
        Ok(())
    }

    pub fn check_bounds(&self, faults: &mut Faults) {
        if self.format_version != FORMAT_VERSION {
            let detail = format!("This version of Writ reads {FORMAT_VERSION}.");
            faults.add("format_version", detail);
        }
        let most_webhooks = usize::try_from(MOST_WEBHOOKS).unwrap_or(usize::MAX);
        for (section, rows, most) in [
            ("resources", self.resources.len(), MOST),
            ("clients", self.clients.len(), MOST),
            ("groups", self.groups.len(), MOST),
            ("webhooks", self.webhooks.len(), most_webhooks),
            ("users", self.users.len(), MOST),
        ] {
            if rows > most {
                let detail = match section {
                    "users" => format!(
                        "At most {most}: import the tenant without them, and then them, by its users/import."
                    ),
                    _ => format!("At most {most}: make the rest once the tenant is there."),
                };
                faults.add(section, detail);
            }
        }
        for (at, client) in self.clients.iter().enumerate() {
            if client.client_secret.is_some() {
                let detail = "No secret is in a document: one is made, and is in the answer, once.";
                faults.add(format!("clients[{at}].client_secret"), detail);
            }
        }
    }
}
