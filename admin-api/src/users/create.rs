//! POST …/users.

use std::mem::take;

use authority::audit::EventType;
use protocol::folding::fold;
use protocol::{GroupName, SecretText, UserAttributes, UserId};
use secrecy::SecretString;
use serde::Deserialize;
use store::{NewUser, User};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Created};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::secret;
use crate::text;
use crate::users::attributes::{AttributeOut, Attributes};
use crate::users::{self, UserOut, attributes, names, password};

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser, example = json!({
    "username": "alice",
    "email": "alice@example.com",
    "name": "Alice Liddell",
    "password": "correct horse battery staple",
}))]
pub struct NewUserBody {
    /// What they sign in with; case makes no difference.
    #[schema(value_type = text::Username)]
    username: String,
    #[schema(value_type = Option<text::EmailAddress>)]
    email: Option<String>,
    #[schema(value_type = Option<text::Words>)]
    name: Option<String>,
    #[schema(value_type = String, format = Password, write_only, min_length = 8, max_length = 1024)]
    password: SecretString,
    /// For policies: names to true or false, a whole number, a text, or a list of texts.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, AttributeOut>)]
    attributes: Attributes,
    /// Names of groups that there are.
    #[serde(default)]
    groups: Vec<String>,
    /// `false`: signs in once it is changed to `true`.
    #[serde(default = "enabled")]
    #[schema(default = true)]
    is_enabled: bool,
}

const fn enabled() -> bool {
    true
}

/// What it says about the person beside their names.
struct Described {
    attributes: UserAttributes,
    groups: Vec<GroupName>,
}

impl NewUserBody {
    fn check(&mut self) -> Result<Described, Problem> {
        let mut faults = Faults::default();
        names::check_username(&mut faults, &self.username);
        if let Some(email) = &self.email {
            names::check_email(&mut faults, email);
        }
        if let Some(name) = &self.name {
            names::check_name(&mut faults, name);
        }
        password::check(&mut faults, &self.password);
        let described = Described {
            attributes: attributes::read(&mut faults, take(&mut self.attributes)),
            groups: attributes::read_groups(&mut faults, &self.groups),
        };
        faults.finish()?;
        Ok(described)
    }
}

/// Create a user
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/users",
    tag = "users",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = NewUserBody,
    responses((status = 201, description = "The user.", body = UserOut)),
)]
pub async fn create_user(
    access: TenantWrite<Users>,
    api: Api,
    Body(mut body): Body<NewUserBody>,
) -> Result<Committed<Created<UserOut>>, Problem> {
    let described = body.check()?;
    let now = api.now();
    let new = NewUser {
        user_id: UserId::generate(api.random(), now),
        folded_username: fold(&body.username),
        username: body.username,
        folded_email: body.email.as_deref().map(fold),
        email: body.email,
        name: body.name,
        password_hash: Some(SecretText::new(
            secret::hash(&api, "password", body.password).await?,
        )),
        password_scheme: None,
        is_enabled: body.is_enabled,
        attributes: described.attributes,
    };
    let mut scope = access.open(&api).await?;
    users::require_groups(&mut scope, &described.groups).await?;
    scope
        .insert_user(&new, now)
        .await
        .map_err(|error| users::taken(error, &new.username))?;
    for group in &described.groups {
        scope.insert_group_member(group, new.user_id, now).await?;
    }
    let thing = UserOut::new(&User {
        user_id: new.user_id,
        username: new.username,
        email: new.email,
        name: new.name,
        is_enabled: new.is_enabled,
        attributes: new.attributes,
        groups: sorted(described.groups),
        password_changed_at: Some(now),
        created_at: now,
        updated_at: now,
    });
    let target = audit::target("user", &new.user_id);
    let recorded = scope
        .record(EventType::UserCreated, target, Changes::created(&thing))
        .await?;

    recorded
        .commit(Created {
            location: users::location(access.tenant.slug(), new.user_id),
            thing,
        })
        .await
}

/// As they are read.
fn sorted(mut groups: Vec<GroupName>) -> Vec<GroupName> {
    groups.sort();
    groups
}
