//! POST …/users/import: people with the hashes that other software made of their passwords.
//!
//! A row at a time says what became of it; the rows that could be taken are taken together, in one transaction.

use std::collections::BTreeSet;
use std::mem::take;

use authority::audit::EventType;
use crypto::ForeignHash;
use protocol::folding::fold;
use protocol::{GroupName, SecretText, Timestamp, UserAttributes, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{NewUser, QuotaKind, StoreError, TenantScope, User};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit::{self, Changes};
use crate::operation::{Committed, Found};
use crate::principal::TenantWrite;
use crate::principal::kinds::Users;
use crate::problem::{Faults, FieldProblem, Problem};
use crate::request::LargeBody;
use crate::users::attributes::{AttributeOut, Attributes};
use crate::users::{UserOut, attributes, names};

const MOST_ROWS: usize = 100;

/// People to be taken over, up to 100 at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserImport, example = json!({"users": [{
    "username": "alice",
    "email": "alice@example.com",
    "password_hash": "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
}]}))]
pub struct ImportBody {
    #[schema(min_items = 1, max_items = 100)]
    users: Vec<ImportedUser>,
}

/// One of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedUser {
    /// What they sign in with; case makes no difference.
    username: String,
    email: Option<String>,
    name: Option<String>,
    /// As other software keeps it: bcrypt, argon2 or PBKDF2. It is made anew at their first sign-in. Absent: they
    /// cannot sign in before they get a password.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    password_hash: Option<SecretString>,
    #[serde(default = "enabled")]
    #[schema(default = true)]
    is_enabled: bool,
    /// For policies: names to true or false, a whole number, a text, or a list of texts.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, AttributeOut>)]
    attributes: Attributes,
    /// Names of groups that there are.
    #[serde(default)]
    groups: Vec<String>,
}

const fn enabled() -> bool {
    true
}

/// What became of all of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserImportReport)]
pub struct ImportOut {
    #[schema(example = 1)]
    pub created: usize,
    #[schema(example = 0)]
    pub existing: usize,
    #[schema(example = 0)]
    pub refused: usize,
    /// In the order of the call.
    pub users: Vec<ImportedOut>,
}

/// What became of one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedUserReport)]
pub struct ImportedOut {
    #[schema(example = "alice")]
    pub username: String,
    pub outcome: ImportOutcome,
    /// `sub` of their tokens, of one that was created.
    pub id: Option<String>,
    /// Why it was refused.
    pub errors: Vec<FieldProblem>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    Created,
    /// Somebody has this name already, and was left as they are.
    Existing,
    Refused,
}

/// A row that can be taken, if the tenant can.
struct Valid {
    new: NewUser,
    groups: Vec<GroupName>,
}

/// On its way: refused already, or not.
type Row = Result<Valid, Vec<FieldProblem>>;

impl ImportedUser {
    fn validate(&mut self, api: &Api, now: Timestamp) -> Row {
        let mut faults = Faults::default();
        names::check_username(&mut faults, &self.username);
        if let Some(email) = &self.email {
            names::check_email(&mut faults, email);
        }
        if let Some(name) = &self.name {
            names::check_name(&mut faults, name);
        }
        let hash = self.password_hash.take().and_then(|hash| {
            let parsed = ForeignHash::parse(hash.expose_secret());
            parsed
                .map_err(|error| faults.add("password_hash", error.to_string()))
                .ok()
        });
        let attributes = attributes::read(&mut faults, take(&mut self.attributes));
        let groups = attributes::read_groups(&mut faults, &self.groups);
        faults.finish_row()?;
        Ok(self.valid(
            UserId::generate(api.random(), now),
            hash,
            attributes,
            groups,
        ))
    }

    fn valid(
        &mut self,
        user_id: UserId,
        hash: Option<ForeignHash>,
        attributes: UserAttributes,
        groups: Vec<GroupName>,
    ) -> Valid {
        let scheme = hash.as_ref().and_then(ForeignHash::scheme);
        let new = NewUser {
            user_id,
            username: self.username.clone(),
            folded_username: fold(&self.username),
            folded_email: self.email.as_deref().map(fold),
            email: self.email.take(),
            name: self.name.take(),
            password_hash: hash.map(|hash| SecretText::new(hash.as_str().to_owned())),
            password_scheme: scheme.map(|scheme| scheme.to_string()),
            is_enabled: self.is_enabled,
            attributes,
        };
        Valid { new, groups }
    }
}

fn refusal(field: &str, detail: impl Into<String>) -> Vec<FieldProblem> {
    vec![FieldProblem {
        field: field.to_owned(),
        detail: detail.into(),
    }]
}

/// Import users
///
/// People who have a password elsewhere, with the hash that is kept of it there: bcrypt up to a cost of 13, argon2 and
/// PBKDF2 within bounds; what costs more to check is refused. A name that somebody has is left as it is, so a batch may
/// be sent again. Each row says what became of it; a row that is refused keeps no other from being taken.
#[utoipa::path(
    post,
    path = "/admin/v1/tenants/{tenant}/users/import",
    tag = "users",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme")),
    request_body = ImportBody,
    responses((status = 200, description = "What became of each.", body = ImportOut)),
)]
pub async fn import_users(
    access: TenantWrite<Users>,
    api: Api,
    LargeBody(mut body): LargeBody<ImportBody>,
) -> Result<Committed<Found<ImportOut>>, Problem> {
    if !(1..=MOST_ROWS).contains(&body.users.len()) {
        let detail = format!("Send 1 to {MOST_ROWS} at once.");
        return Err(Problem::invalid_field("users", detail));
    }
    let mut scope = access.open(&api).await?;
    let now = api.now();
    let rows: Vec<Row> = body
        .users
        .iter_mut()
        .map(|row| row.validate(&api, now))
        .collect();
    let rows = without_unknown_groups(&mut scope, rows).await?;
    let outcomes = write(&mut scope, rows, now).await?;
    let report = report(&body.users, &outcomes);
    let mut created = outcomes.into_iter().filter_map(|outcome| match outcome {
        Outcome::Created(user, scheme) => Some((user, scheme)),
        Outcome::Existing | Outcome::Refused(_) => None,
    });
    let Some((user, scheme)) = created.next() else {
        return scope.leave(&json!({}), Found(report)).await;
    };
    let (target, changes) = imported(&user, scheme);
    let mut recorded = scope
        .record(EventType::UserImported, target, changes)
        .await?;
    for (user, scheme) in created {
        let (target, changes) = imported(&user, scheme);
        recorded
            .record(EventType::UserImported, target, changes)
            .await?;
    }
    recorded.commit(Found(report)).await
}

/// People who come with their tenant: what the audit says of each, or why one of them cannot come.
pub(crate) async fn take_over(
    scope: &mut TenantScope,
    api: &Api,
    rows: &mut [ImportedUser],
    now: Timestamp,
) -> Result<Vec<Result<(authority::audit::Target, Changes), Vec<FieldProblem>>>, Problem> {
    let rows: Vec<Row> = rows.iter_mut().map(|row| row.validate(api, now)).collect();
    let rows = without_unknown_groups(scope, rows).await?;
    let outcomes = write(scope, rows, now).await?.into_iter();
    Ok(outcomes
        .map(|outcome| match outcome {
            Outcome::Created(user, scheme) => Ok(imported(&user, scheme)),
            Outcome::Existing => Err(refusal("username", "Somebody has this name already.")),
            Outcome::Refused(errors) => Err(errors),
        })
        .collect())
}

fn imported(user: &User, scheme: Option<String>) -> (authority::audit::Target, Changes) {
    let changes = Changes::created(&UserOut::new(user)).noting("password_scheme", scheme);
    (audit::target("user", &user.user_id), changes)
}

enum Outcome {
    Created(User, Option<String>),
    Existing,
    Refused(Vec<FieldProblem>),
}

async fn without_unknown_groups(
    scope: &mut TenantScope,
    rows: Vec<Row>,
) -> Result<Vec<Row>, StoreError> {
    let named: BTreeSet<GroupName> = rows
        .iter()
        .flatten()
        .flat_map(|row| row.groups.iter().cloned())
        .collect();
    let named: Vec<GroupName> = named.into_iter().collect();
    let missing = if named.is_empty() {
        Vec::new()
    } else {
        scope.list_missing_groups(&named).await?
    };
    let known = |row: Valid| match row.groups.iter().find(|name| missing.contains(name)) {
        Some(name) => {
            let detail = format!("There is no group {name}; create it first.");
            Err(refusal("groups", detail))
        }
        None => Ok(row),
    };
    Ok(rows.into_iter().map(|row| row.and_then(known)).collect())
}

/// As many as there is room for, in their order.
async fn write(
    scope: &mut TenantScope,
    rows: Vec<Row>,
    now: Timestamp,
) -> Result<Vec<Outcome>, Problem> {
    let names: Vec<String> = rows
        .iter()
        .flatten()
        .map(|row| row.new.folded_username.clone())
        .collect();
    let taken = scope.list_taken_usernames(&names).await?;
    let taken: BTreeSet<String> = taken.into_iter().collect();
    let mut room = scope.find_usage().await?.room_for(QuotaKind::Users);
    let (mut seen, mut outcomes) = (BTreeSet::new(), Vec::with_capacity(rows.len()));
    for row in rows {
        let outcome = match row {
            Err(errors) => Outcome::Refused(errors),
            Ok(row) if taken.contains(&row.new.folded_username) => Outcome::Existing,
            Ok(row) if !seen.insert(row.new.folded_username.clone()) => {
                Outcome::Refused(refusal("username", "This name comes twice in the import."))
            }
            Ok(_) if room == Some(0) => {
                // Nothing at all fits: said as it is for one user.
                if outcomes
                    .iter()
                    .all(|it| !matches!(it, Outcome::Created(..)))
                {
                    return Err(StoreError::QuotaReached(QuotaKind::Users).into());
                }
                Outcome::Refused(refusal("users", "The tenant's quota of users is reached."))
            }
            Ok(row) => {
                room = room.map(|room| room - 1);
                insert(scope, row, now).await?
            }
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

async fn insert(
    scope: &mut TenantScope,
    row: Valid,
    now: Timestamp,
) -> Result<Outcome, StoreError> {
    let Valid { new, mut groups } = row;
    groups.sort();
    scope.insert_user(&new, now).await?;
    for group in &groups {
        scope.insert_group_member(group, new.user_id, now).await?;
    }
    let user = User {
        user_id: new.user_id,
        username: new.username,
        email: new.email,
        name: new.name,
        is_enabled: new.is_enabled,
        attributes: new.attributes,
        groups,
        password_changed_at: new.password_hash.is_some().then_some(now),
        created_at: now,
        updated_at: now,
    };
    Ok(Outcome::Created(user, new.password_scheme))
}

fn report(asked: &[ImportedUser], outcomes: &[Outcome]) -> ImportOut {
    let users: Vec<ImportedOut> = asked
        .iter()
        .zip(outcomes)
        .map(|(row, outcome)| {
            let (outcome, id, errors) = match outcome {
                Outcome::Created(user, _) => (
                    ImportOutcome::Created,
                    Some(user.user_id.to_string()),
                    Vec::new(),
                ),
                Outcome::Existing => (ImportOutcome::Existing, None, Vec::new()),
                Outcome::Refused(errors) => (ImportOutcome::Refused, None, errors.clone()),
            };
            ImportedOut {
                username: row.username.clone(),
                outcome,
                id,
                errors,
            }
        })
        .collect();
    let count = |wanted| users.iter().filter(|row| row.outcome == wanted).count();
    ImportOut {
        created: count(ImportOutcome::Created),
        existing: count(ImportOutcome::Existing),
        refused: count(ImportOutcome::Refused),
        users,
    }
}
