//! PATCH …/users/{id}: names, password; disabling and enabling.

use authority::audit::EventType;
use protocol::folding::fold;
use protocol::{SecretText, UserAttributes, UserId};
use secrecy::SecretString;
use serde::Deserialize;
use store::{RevokedReason, User, UserUpdate};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::change::Change;
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::{Faults, Problem};
use crate::request::{Body, Id};
use crate::secret;
use crate::text;
use crate::users::attributes::Attributes;
use crate::users::{self, UserOut, attributes, names, password, sessions};

/// Changes to a user. Absent: unchanged; null: empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChanges, example = json!({"is_enabled": false}))]
pub struct UserPatch {
    #[serde(default)]
    #[schema(value_type = text::Username)]
    username: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<text::EmailAddress>)]
    email: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<text::Words>)]
    name: Change<String>,
    /// Ends every session and grant of the user.
    #[serde(default)]
    #[schema(value_type = String, format = Password, write_only, min_length = 8, max_length = 1024)]
    password: Change<SecretString>,
    #[serde(default)]
    #[schema(value_type = bool)]
    is_enabled: Change<bool>,
    /// What is named is set, or removed with null; the others stay. Null for all: none.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>)]
    attributes: Change<Attributes>,
}

struct Valid {
    username: Option<String>,
    email: Change<String>,
    name: Change<String>,
    password: Option<SecretString>,
    is_enabled: Option<bool>,
    attributes: Change<Attributes>,
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
            attributes: self.attributes,
        })
    }
}

/// What is not said stays as it is at that moment.
fn update_of(before: &User, valid: Valid) -> Result<UserUpdate, Problem> {
    let mut faults = Faults::default();
    let current = before.attributes.clone();
    let attributes = match valid.attributes {
        Change::Keep => current,
        Change::Reset => UserAttributes::default(),
        Change::Set(said) => attributes::merge(&mut faults, current, said),
    };
    faults.finish()?;
    let username = valid.username.unwrap_or_else(|| before.username.clone());
    let email = valid.email.apply(before.email.clone());
    Ok(UserUpdate {
        folded_username: fold(&username),
        username,
        folded_email: email.as_deref().map(fold),
        email,
        name: valid.name.apply(before.name.clone()),
        is_enabled: valid.is_enabled.unwrap_or(before.is_enabled),
        attributes,
    })
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
    access: TenantWrite<Users>,
    api: Api,
    Id(user_id): Id<UserId>,
    Body(body): Body<UserPatch>,
) -> Result<Committed<Found<UserOut>>, Problem> {
    let unknown = || users::unknown(access.tenant.slug());
    {
        let mut scope = access.read(&api).await?;
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
    let update = update_of(&before, valid)?;
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
    let recorded = scope
        .record(event_type, audit::target("user", &user_id), changes)
        .await?;

    recorded.commit(Found(shown)).await
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
