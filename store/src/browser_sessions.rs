//! Who is signed in in which browser.

use protocol::{SessionId, Timestamp, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::secret_digest::{SecretDigest, digest_array};
use crate::tenant_scope::{TenantScope, answer};

/// A session and the person it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserSession {
    pub session_id: SessionId,
    pub user_id: UserId,
    pub username: String,
    pub name: Option<String>,
    pub is_user_enabled: bool,
    pub authenticated_at: Timestamp,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewBrowserSession {
    pub session_id: SessionId,
    pub digest: SecretDigest,
    pub user_id: UserId,
    pub authenticated_at: Timestamp,
    pub expires_at: Timestamp,
}

/// One of the sessions of a person who is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserSession {
    pub session_id: SessionId,
    pub authenticated_at: Timestamp,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl TenantScope {
    pub async fn insert_browser_session(
        &mut self,
        new: &NewBrowserSession,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into browser_sessions (tenant_id, session_id, session_digest, pepper_id, user_id,
                 authenticated_at, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            self.tenant_id(),
            new.session_id.as_uuid(),
            &new.digest.bytes,
            new.digest.pepper_id,
            new.user_id.as_uuid(),
            OffsetDateTime::from(new.authenticated_at),
            OffsetDateTime::from(now),
            OffsetDateTime::from(new.expires_at),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    /// Under any pepper, unless it has expired by `now`.
    pub async fn find_browser_session(
        &mut self,
        digests: &[SecretDigest],
        now: Timestamp,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let row = sqlx::query!(
            "select s.session_id, s.user_id, u.username, u.name, u.is_enabled, s.authenticated_at,
                 s.created_at, s.expires_at
             from browser_sessions s
             join users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
             where s.tenant_id = $1 and s.session_digest = any($2) and s.expires_at > $3",
            self.tenant_id(),
            &digest_array(digests),
            OffsetDateTime::from(now),
        );
        let row = answer!(self, row, fetch_optional)?;
        Ok(row.map(|row| BrowserSession {
            session_id: SessionId::from_uuid(row.session_id),
            user_id: UserId::from_uuid(row.user_id),
            username: row.username,
            name: row.name,
            is_user_enabled: row.is_enabled,
            authenticated_at: row.authenticated_at.into(),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
        }))
    }

    /// A new sign-in of the same person takes the session over: its secret is another from now on, its name
    /// stays. False: it is not there any more, or somebody else's.
    pub async fn renew_browser_session(
        &mut self,
        new: &NewBrowserSession,
    ) -> Result<bool, StoreError> {
        let renewed = sqlx::query!(
            "update browser_sessions
             set session_digest = $3, pepper_id = $4, authenticated_at = $6, expires_at = $7
             where tenant_id = $1 and session_id = $2 and user_id = $5",
            self.tenant_id(),
            new.session_id.as_uuid(),
            &new.digest.bytes,
            new.digest.pepper_id,
            new.user_id.as_uuid(),
            OffsetDateTime::from(new.authenticated_at),
            OffsetDateTime::from(new.expires_at),
        );
        Ok(answer!(self, renewed, execute)?.rows_affected() > 0)
    }

    /// Whether it is there, and until this transaction ends it stays: whoever ends it waits, and then finds what
    /// this transaction has written of it.
    pub async fn hold_browser_session(
        &mut self,
        session_id: SessionId,
    ) -> Result<bool, StoreError> {
        // The weakest lock that a deletion waits for, and that waits for a deletion.
        let held = sqlx::query_scalar!(
            "select session_id from browser_sessions where tenant_id = $1 and session_id = $2 for key share",
            self.tenant_id(),
            session_id.as_uuid(),
        );
        Ok(answer!(self, held, fetch_optional)?.is_some())
    }

    /// Whether it was there. Its clients are told beside it (`insert_logout_notices`).
    pub async fn delete_browser_session(
        &mut self,
        session_id: SessionId,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "delete from browser_sessions where tenant_id = $1 and session_id = $2",
            self.tenant_id(),
            session_id.as_uuid(),
        );
        Ok(answer!(self, deleted, execute)?.rows_affected() > 0)
    }

    /// Those of a person that live, in the order in which they began.
    pub async fn list_browser_sessions_of_user(
        &mut self,
        user_id: UserId,
        after: Option<SessionId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<UserSession>, StoreError> {
        let rows = sqlx::query!(
            "select session_id, authenticated_at, created_at, expires_at from browser_sessions
             where tenant_id = $1 and user_id = $2 and session_id > $3 and expires_at > $4
             order by session_id limit $5",
            self.tenant_id(),
            user_id.as_uuid(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let sessions = rows.into_iter().map(|row| UserSession {
            session_id: SessionId::from_uuid(row.session_id),
            authenticated_at: row.authenticated_at.into(),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
        });
        Ok(sessions.collect())
    }

    /// One of a person's, if it lives.
    pub async fn find_browser_session_of_user(
        &mut self,
        user_id: UserId,
        session_id: SessionId,
        now: Timestamp,
    ) -> Result<Option<UserSession>, StoreError> {
        let row = sqlx::query!(
            "select session_id, authenticated_at, created_at, expires_at from browser_sessions
             where tenant_id = $1 and session_id = $2 and user_id = $3 and expires_at > $4",
            self.tenant_id(),
            session_id.as_uuid(),
            user_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        let row = answer!(self, row, fetch_optional)?;
        Ok(row.map(|row| UserSession {
            session_id: SessionId::from_uuid(row.session_id),
            authenticated_at: row.authenticated_at.into(),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
        }))
    }

    /// Which there were: for a changed password, a disabled user.
    pub async fn delete_browser_sessions_of_user(
        &mut self,
        user_id: UserId,
    ) -> Result<Vec<SessionId>, StoreError> {
        let deleted = sqlx::query_scalar!(
            "delete from browser_sessions where tenant_id = $1 and user_id = $2 returning session_id",
            self.tenant_id(),
            user_id.as_uuid(),
        );
        let deleted = answer!(self, deleted, fetch_all)?;
        Ok(deleted.into_iter().map(SessionId::from_uuid).collect())
    }
}
