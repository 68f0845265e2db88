//! POST …/users.

use authority::audit::EventType;
use protocol::folding::fold;
use protocol::{SecretText, UserId};
use secrecy::SecretString;
use serde::Deserialize;
use store::{NewUser, User};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::Created;
use crate::principal::TenantWrite;
use crate::problem::{Faults, Problem};
use crate::request::Body;
use crate::secret;
use crate::users::{self, UserOut, names, password};

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
    username: String,
    email: Option<String>,
    name: Option<String>,
    #[schema(value_type = String, format = Password, write_only)]
    password: SecretString,
    /// `false`: signs in once it is changed to `true`.
    #[serde(default = "enabled")]
    #[schema(default = true)]
    is_enabled: bool,
}

const fn enabled() -> bool {
    true
}

impl NewUserBody {
    fn check(&self) -> Result<(), Problem> {
        let mut faults = Faults::default();
        names::check_username(&mut faults, &self.username);
        if let Some(email) = &self.email {
            names::check_email(&mut faults, email);
        }
        if let Some(name) = &self.name {
            names::check_name(&mut faults, name);
        }
        password::check(&mut faults, &self.password);
        faults.finish()
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
    access: TenantWrite,
    api: Api,
    Body(body): Body<NewUserBody>,
) -> Result<Created<UserOut>, Problem> {
    body.check()?;
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
        is_enabled: body.is_enabled,
    };
    let mut scope = access.open(&api).await?;
    scope
        .insert_user(&new, now)
        .await
        .map_err(|error| users::taken(error, &new.username))?;
    let thing = UserOut::new(&User {
        user_id: new.user_id,
        username: new.username,
        email: new.email,
        name: new.name,
        is_enabled: new.is_enabled,
        password_changed_at: Some(now),
        created_at: now,
        updated_at: now,
    });
    let target = audit::target("user", &new.user_id);
    let event = audit::event(
        &api,
        &access.caller,
        EventType::UserCreated,
        target,
        Changes::created(&thing),
    );
    scope.insert_audit_event(&event).await?;
    scope.commit().await?;
    Ok(Created {
        location: users::location(access.tenant.slug(), new.user_id),
        thing,
    })
}
