//! People. Who folds a name (NFKC and case) is the caller; what is compared is the folded column.

use std::collections::BTreeMap;

use protocol::{GroupName, SecretText, Timestamp, UserAttributes, UserId};
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub user_id: UserId,
    pub username: String,
    pub email: Option<String>,
    pub name: Option<String>,
    pub is_enabled: bool,
    pub attributes: UserAttributes,
    /// In the order of their names.
    pub groups: Vec<GroupName>,
    pub password_changed_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A user with what a login is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    pub user: User,
    /// `None`: cannot sign in with a password.
    pub password_hash: Option<SecretText>,
}

#[derive(Clone, Debug)]
pub struct NewUser {
    pub user_id: UserId,
    pub username: String,
    pub folded_username: String,
    pub email: Option<String>,
    pub folded_email: Option<String>,
    pub name: Option<String>,
    pub password_hash: Option<SecretText>,
    /// What the hash was made with, where other software made it.
    pub password_scheme: Option<String>,
    pub is_enabled: bool,
    pub attributes: UserAttributes,
}

/// All that can change about a user but the password.
#[derive(Clone, Debug)]
pub struct UserUpdate {
    pub username: String,
    pub folded_username: String,
    pub email: Option<String>,
    pub folded_email: Option<String>,
    pub name: Option<String>,
    pub is_enabled: bool,
    pub attributes: UserAttributes,
}

/// What a sign-in is decided by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginRecord {
    /// None: nobody has this name.
    pub user: Option<LoginUser>,
    pub passwords: PasswordCounts,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginUser {
    pub user_id: UserId,
    pub is_enabled: bool,
    /// `None`: cannot sign in with a password.
    pub password_hash: Option<SecretText>,
}

/// What the people of a tenant have their passwords hashed with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PasswordCounts {
    pub users: u64,
    /// Those whose hash other software made, by its scheme.
    pub foreign: Vec<(String, u64)>,
}

impl PasswordCounts {
    /// Of counts as the triggers keep them: `users`, and `users:` with a scheme behind it, in slots.
    fn of(rows: impl Iterator<Item = (String, i64)>) -> Self {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for (kind, used) in rows {
            *sums.entry(kind).or_default() += used;
        }
        let count = |used: i64| u64::try_from(used).unwrap_or(0);
        let users = sums.remove("users").map_or(0, count);
        let foreign = sums.into_iter().filter_map(|(kind, used)| {
            let scheme = kind.strip_prefix("users:")?;
            (used > 0).then(|| (scheme.to_owned(), count(used)))
        });
        Self {
            users,
            foreign: foreign.collect(),
        }
    }
}

struct UserRow {
    user_id: Uuid,
    username: String,
    email: Option<String>,
    name: Option<String>,
    password_hash: Option<String>,
    password_changed_at: Option<OffsetDateTime>,
    is_enabled: bool,
    attributes: Json<UserAttributes>,
    groups: Vec<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<UserRow> for UserRecord {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let groups = row.groups.into_iter().map(GroupName::try_from);
        let user = User {
            user_id: UserId::from_uuid(row.user_id),
            username: row.username,
            email: row.email,
            name: row.name,
            is_enabled: row.is_enabled,
            attributes: row.attributes.0,
            groups: groups
                .collect::<Result<_, _>>()
                .map_err(StoreError::corrupt)?,
            password_changed_at: row.password_changed_at.map(Into::into),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        };
        Ok(Self {
            user,
            password_hash: row.password_hash.map(SecretText::new),
        })
    }
}

macro_rules! select_users {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            UserRow,
            r#"select user_id, username, email, name, password_hash, password_changed_at, is_enabled,
                 attributes as "attributes: Json<UserAttributes>", created_at, updated_at,
                 array(select m.group_name from group_members m
                       where m.tenant_id = u.tenant_id and m.user_id = u.user_id
                       order by m.group_name) as "groups!"
               from users u "#
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    /// [`StoreError::Conflict`] (`users_username_is_unique`) when the name is taken after folding.
    pub async fn insert_user(&mut self, new: &NewUser, now: Timestamp) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into users (tenant_id, user_id, username, folded_username, email, folded_email, name,
                 password_hash, password_changed_at, is_enabled, created_at, updated_at, attributes,
                 password_scheme)
             values ($1, $2, $3, $4, $5, $6, $7, $8, case when $8::text is not null then $9::timestamptz end,
                 $10, $9, $9, $11, $12)",
            self.tenant_id(),
            new.user_id.as_uuid(),
            new.username,
            new.folded_username,
            new.email,
            new.folded_email,
            new.name,
            new.password_hash.as_ref().map(SecretText::expose),
            OffsetDateTime::from(now),
            new.is_enabled,
            Json(&new.attributes) as _,
            new.password_scheme,
        );
        answer!(self, inserted, execute)?;
        self.note_change(ChangeKind::User(new.user_id));
        Ok(())
    }

    pub async fn find_user(&mut self, user_id: UserId) -> Result<Option<UserRecord>, StoreError> {
        let row = select_users!(
            "where tenant_id = $1 and user_id = $2",
            self.tenant_id(),
            user_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(UserRecord::try_from)
            .transpose()
    }

    /// The row is ours until the transaction ends: for a change that depends on what was there.
    pub async fn find_user_for_update(
        &mut self,
        user_id: UserId,
    ) -> Result<Option<UserRecord>, StoreError> {
        let row = select_users!(
            "where tenant_id = $1 and user_id = $2 for no key update of u",
            self.tenant_id(),
            user_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(UserRecord::try_from)
            .transpose()
    }

    /// By the name a person typed, folded.
    pub async fn find_user_by_username(
        &mut self,
        folded_username: &str,
    ) -> Result<Option<UserRecord>, StoreError> {
        // PostgreSQL's text cannot hold it, so nobody is called that; asking would be an error.
        if folded_username.contains('\0') {
            return Ok(None);
        }
        let row = select_users!(
            "where tenant_id = $1 and folded_username = $2",
            self.tenant_id(),
            folded_username,
        );
        answer!(self, row, fetch_optional)?
            .map(UserRecord::try_from)
            .transpose()
    }

    /// In the order in which they were made.
    pub async fn list_users(
        &mut self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let rows = select_users!(
            "where tenant_id = $1 and user_id > $2 order by user_id limit $3",
            self.tenant_id(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        users(answer!(self, rows, fetch_all)?)
    }

    /// Those with this address, folded, in the order in which they were made. Addresses are not unique.
    pub async fn list_users_by_email(
        &mut self,
        folded_email: &str,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        // PostgreSQL's text cannot hold it, so nobody has it.
        if folded_email.contains('\0') {
            return Ok(Vec::new());
        }
        let rows = select_users!(
            "where tenant_id = $1 and folded_email = $2 and user_id > $3 order by user_id limit $4",
            self.tenant_id(),
            folded_email,
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        users(answer!(self, rows, fetch_all)?)
    }

    /// Who is in the group, in the order in which they were made.
    pub async fn list_users_of_group(
        &mut self,
        group: &GroupName,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let rows = select_users!(
            "where tenant_id = $1 and user_id = any (array(
                 select m.user_id from group_members m
                 where m.tenant_id = $1 and m.group_name = $2 and m.user_id > $3
                 order by m.user_id limit $4))
             order by user_id",
            self.tenant_id(),
            group.as_str(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        users(answer!(self, rows, fetch_all)?)
    }

    /// Which of these names, folded, somebody has.
    pub async fn list_taken_usernames(
        &mut self,
        folded_usernames: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let taken = sqlx::query_scalar!(
            "select folded_username from users where tenant_id = $1 and folded_username = any($2)",
            self.tenant_id(),
            folded_usernames,
        );
        answer!(self, taken, fetch_all)
    }

    /// By the name a person typed, folded; and what everybody's hashes were made with, so that nobody can tell
    /// from the time it takes that there is no such person.
    pub async fn find_login(&mut self, folded_username: &str) -> Result<LoginRecord, StoreError> {
        // PostgreSQL's text cannot hold it, so nobody is called that; asking would be an error.
        let folded_username = if folded_username.contains('\0') {
            ""
        } else {
            folded_username
        };
        let row = sqlx::query!(
            r#"select u.user_id as "user_id?", u.is_enabled as "is_enabled?", u.password_hash,
                 array(select kind from tenant_usage
                       where tenant_id = $1 and kind >= 'users' and kind < 'users;'
                       order by kind, slot) as "kinds!",
                 array(select used from tenant_usage
                       where tenant_id = $1 and kind >= 'users' and kind < 'users;'
                       order by kind, slot) as "used!"
               from (select $1::uuid as tenant_id) one
               left join users u on u.tenant_id = one.tenant_id and u.folded_username = $2"#,
            self.tenant_id(),
            folded_username,
        );
        let row = answer!(self, row, fetch_one)?;
        let user = row.user_id.map(|user_id| LoginUser {
            user_id: UserId::from_uuid(user_id),
            is_enabled: row.is_enabled.unwrap_or(false),
            password_hash: row.password_hash.map(SecretText::new),
        });
        Ok(LoginRecord {
            user,
            passwords: PasswordCounts::of(row.kinds.into_iter().zip(row.used)),
        })
    }

    /// Whether the user was there.
    pub async fn update_user(
        &mut self,
        user_id: UserId,
        update: &UserUpdate,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query!(
            "update users
             set username = $3, folded_username = $4, email = $5, folded_email = $6, name = $7,
                 is_enabled = $8, updated_at = $9, attributes = $10
             where tenant_id = $1 and user_id = $2",
            self.tenant_id(),
            user_id.as_uuid(),
            update.username,
            update.folded_username,
            update.email,
            update.folded_email,
            update.name,
            update.is_enabled,
            OffsetDateTime::from(now),
            Json(&update.attributes) as _,
        );
        let rows = answer!(self, updated, execute)?.rows_affected();
        Ok(self.note_user_if_touched(user_id, rows))
    }

    /// Whether the user was there. Ending sessions and grants is the caller's, in the same scope.
    pub async fn update_password(
        &mut self,
        user_id: UserId,
        password_hash: &SecretText,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query!(
            "update users set password_hash = $3, password_scheme = null, password_changed_at = $4,
                 updated_at = $4
             where tenant_id = $1 and user_id = $2",
            self.tenant_id(),
            user_id.as_uuid(),
            password_hash.expose(),
            OffsetDateTime::from(now),
        );
        let rows = answer!(self, updated, execute)?.rows_affected();
        Ok(self.note_user_if_touched(user_id, rows))
    }

    /// The same password, hashed anew: nothing that it began ends. Whether the hash still was the one it was
    /// checked against.
    pub async fn replace_password_hash(
        &mut self,
        user_id: UserId,
        checked: &SecretText,
        password_hash: &SecretText,
    ) -> Result<bool, StoreError> {
        let replaced = sqlx::query!(
            "update users set password_hash = $4, password_scheme = null
             where tenant_id = $1 and user_id = $2 and password_hash = $3",
            self.tenant_id(),
            user_id.as_uuid(),
            checked.expose(),
            password_hash.expose(),
        );
        Ok(answer!(self, replaced, execute)?.rows_affected() > 0)
    }

    /// Whether the user was there. Sessions, consents, grants and what came of them go too.
    pub async fn delete_user(&mut self, user_id: UserId) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from users where tenant_id = $1 and user_id = $2",
            self.tenant_id(),
            user_id.as_uuid(),
        );
        let rows = answer!(self, deleted, execute)?.rows_affected();
        self.delete_decisions_of_user(user_id).await?;
        Ok(self.note_user_if_touched(user_id, rows))
    }

    fn note_user_if_touched(&mut self, user_id: UserId, rows: u64) -> bool {
        if rows > 0 {
            self.note_change(ChangeKind::User(user_id));
        }
        rows > 0
    }
}

fn users(rows: Vec<UserRow>) -> Result<Vec<User>, StoreError> {
    let users = rows
        .into_iter()
        .map(|row| UserRecord::try_from(row).map(|record| record.user));
    users.collect()
}
