//! PATCH …/users/{id}: names, password; disabling and enabling.

use authority::audit::EventType;
use protocol::folding::fold;
use protocol::{SecretText, UserId};
use secrecy::SecretString;
use serde::Deserialize;
use store::{RevokedReason, User, UserUpdate};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::operation::Found;
use crate::principal::TenantWrite;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::secret;
use crate::users::{self, UserOut, names, password, sessions};

/// Changes to a user. Absent: unchanged; null: empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChanges, example = json!({"is_enabled": false}))]
pub struct UserPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    username: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Change<String>,
    /// Ends every session and grant of the user.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, write_only)]
    password: Change<SecretString>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_enabled: Change<bool>,
}

struct Valid {
    username: Option<String>,
    email: Change<String>,
    name: Change<String>,
    password: Option<SecretString>,
    is_enabled: Option<bool>,
}

impl UserPatch {
    fn validate(self) -> Result<Valid, Problem> {
        let mut faults = Faults::default();
        let username = self.username.required("username", &mut faults);
        if let Some(username) = &username {
            names::check_username(&mut faults, username);
        }
        if let Change::Set(email) = &self.email {
            names::check_email(&mut faults, email);
        }
        if let Change::Set(name) = &self.name {
            names::check_name(&mut faults, name);
        }
        let password = self.password.required("password", &mut faults);
        if let Some(password) = &password {
            password::check(&mut faults, password);
        }
        let is_enabled = self.is_enabled.required("is_enabled", &mut faults);
        faults.finish()?;
        Ok(Valid {
            username,
            email: self.email,
            name: self.name,
            password,
            is_enabled,
        })
    }
}

/// What is not said stays as it is at that moment.
fn update_of(before: &User, valid: Valid) -> UserUpdate {
    let username = valid.username.unwrap_or_else(|| before.username.clone());
    let email = valid.email.apply(before.email.clone());
    UserUpdate {
        folded_username: fold(&username),
        username,
        folded_email: email.as_deref().map(fold),
        email,
        name: valid.name.apply(before.name.clone()),
        is_enabled: valid.is_enabled.unwrap_or(before.is_enabled),
    }
}

/// Change a user
///
/// A new password, and `is_enabled: false`, end the user's sessions and grants: the next refresh is refused.
#[utoipa::path(
    patch,
    path = "/admin/v1/tenants/{tenant}/users/{id}",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id."),
    ),
    request_body = UserPatch,
    responses((status = 200, description = "The user as they are now.", body = UserOut)),
)]
pub async fn update_user(
    access: TenantWrite,
    api: Api,
    Id(user_id): Id<UserId>,
    Body(body): Body<UserPatch>,
) -> Result<Found<UserOut>, Problem> {
    let unknown = || users::unknown(access.tenant.slug());
    {
        let mut scope = api.database().tenant(&access.tenant).await?;
        scope.find_user(user_id).await?.ok_or_else(unknown)?;
    }
    let mut valid = body.validate()?;
    // Hashed outside of a transaction: it takes a while.
    let hash = match valid.password.take() {
        Some(password) => Some(SecretText::new(
            secret::hash(&api, "password", password).await?,
        )),
        None => None,
    };
    let now = api.now();
    let mut scope = access.open(&api).await?;
    // Locked, so that what another call changes at the same time is not written back.
    let before = scope.find_user_for_update(user_id).await?;
    let before = before.ok_or_else(unknown)?.user;
    let update = update_of(&before, valid);
    // Before the row is written: a new username locks its key, which a code that holds its session waits for.
    let is_disabled = before.is_enabled && !update.is_enabled;
    if is_disabled {
        sessions::end(&mut scope, user_id, RevokedReason::UserDisabled, now).await?;
    } else if hash.is_some() {
        sessions::end(&mut scope, user_id, RevokedReason::PasswordChanged, now).await?;
    }
    scope
        .update_user(user_id, &update, now)
        .await
        .map_err(|error| users::taken(error, &update.username))?;
    if let Some(hash) = &hash {
        scope.update_password(user_id, hash, now).await?;
    }
    let after = scope.find_user(user_id).await?.ok_or_else(unknown)?.user;
    let event_type = event_type_of(&before, &after, hash.is_some());
    let shown = UserOut::new(&after);
    let changes =
        Changes::updated(&UserOut::new(&before), &shown).noting("is_password_set", hash.is_some());
    let event = audit::event(
        &api,
        &access.caller,
        event_type,
        audit::target("user", &user_id),
        changes,
    );
    scope.insert_audit_event(&event).await?;
    scope.commit().await?;
    Ok(Found(shown))
}

/// The weightiest of what happened.
const fn event_type_of(before: &User, after: &User, is_password_set: bool) -> EventType {
    match (before.is_enabled, after.is_enabled) {
        (true, false) => EventType::UserDisabled,
        (false, true) => EventType::UserEnabled,
        _ if is_password_set => EventType::UserPasswordSet,
        _ => EventType::UserUpdated,
    }
}
