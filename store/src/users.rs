//! People. Who folds a name (NFKC and case) is the caller; what is compared is the folded column.

use protocol::{SecretText, Timestamp, UserId};
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
    pub is_enabled: bool,
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
}

struct UserRow {
    user_id: Uuid,
    username: String,
    email: Option<String>,
    name: Option<String>,
    password_hash: Option<String>,
    password_changed_at: Option<OffsetDateTime>,
    is_enabled: bool,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl From<UserRow> for UserRecord {
    fn from(row: UserRow) -> Self {
        let user = User {
            user_id: UserId::from_uuid(row.user_id),
            username: row.username,
            email: row.email,
            name: row.name,
            is_enabled: row.is_enabled,
            password_changed_at: row.password_changed_at.map(Into::into),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        };
        Self {
            user,
            password_hash: row.password_hash.map(SecretText::new),
        }
    }
}

macro_rules! select_users {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            UserRow,
            "select user_id, username, email, name, password_hash, password_changed_at, is_enabled, \
             created_at, updated_at from users "
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
                 password_hash, password_changed_at, is_enabled, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, case when $8::text is not null then $9::timestamptz end,
                 $10, $9, $9)",
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
        Ok(answer!(self, row, fetch_optional)?.map(UserRecord::from))
    }

    /// The row is ours until the transaction ends: for a change that depends on what was there.
    pub async fn find_user_for_update(
        &mut self,
        user_id: UserId,
    ) -> Result<Option<UserRecord>, StoreError> {
        let row = select_users!(
            "where tenant_id = $1 and user_id = $2 for no key update",
            self.tenant_id(),
            user_id.as_uuid(),
        );
        Ok(answer!(self, row, fetch_optional)?.map(UserRecord::from))
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
        Ok(answer!(self, row, fetch_optional)?.map(UserRecord::from))
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
        let rows = answer!(self, rows, fetch_all)?;
        Ok(rows
            .into_iter()
            .map(|row| UserRecord::from(row).user)
            .collect())
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
                 is_enabled = $8, updated_at = $9
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
            "update users set password_hash = $3, password_changed_at = $4, updated_at = $4
             where tenant_id = $1 and user_id = $2",
            self.tenant_id(),
            user_id.as_uuid(),
            password_hash.expose(),
            OffsetDateTime::from(now),
        );
        let rows = answer!(self, updated, execute)?.rows_affected();
        Ok(self.note_user_if_touched(user_id, rows))
    }

    /// Whether the user was there. Sessions, consents, grants and what came of them go too.
    pub async fn delete_user(&mut self, user_id: UserId) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from users where tenant_id = $1 and user_id = $2",
            self.tenant_id(),
            user_id.as_uuid(),
        );
        let rows = answer!(self, deleted, execute)?.rows_affected();
        Ok(self.note_user_if_touched(user_id, rows))
    }

    fn note_user_if_touched(&mut self, user_id: UserId, rows: u64) -> bool {
        if rows > 0 {
            self.note_change(ChangeKind::User(user_id));
        }
        rows > 0
    }
}
