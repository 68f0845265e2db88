//! Initial access tokens (RFC 7591 §3): who may register a client where not everybody may.

use protocol::{Timestamp, TokenId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::secret_digest::{SecretDigest, digest_array};
use crate::tenant_scope::{TenantScope, answer};

/// Without its digest: nobody who lists tokens needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialAccessToken {
    pub token_id: TokenId,
    pub name: String,
    /// None: as often as it likes.
    pub max_uses: Option<u32>,
    pub uses: u32,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewInitialAccessToken {
    pub token_id: TokenId,
    pub name: String,
    pub digest: SecretDigest,
    pub max_uses: Option<u32>,
    pub expires_at: Option<Timestamp>,
}

struct InitialAccessTokenRow {
    token_id: Uuid,
    name: String,
    max_uses: Option<i32>,
    uses: i32,
    expires_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

impl TryFrom<InitialAccessTokenRow> for InitialAccessToken {
    type Error = StoreError;

    fn try_from(row: InitialAccessTokenRow) -> Result<Self, StoreError> {
        let count = |uses: i32| u32::try_from(uses).map_err(StoreError::corrupt);
        Ok(Self {
            token_id: TokenId::from_uuid(row.token_id),
            name: row.name,
            max_uses: row.max_uses.map(count).transpose()?,
            uses: count(row.uses)?,
            expires_at: row.expires_at.map(Into::into),
            revoked_at: row.revoked_at.map(Into::into),
            created_at: row.created_at.into(),
        })
    }
}

macro_rules! select_initial_access_tokens {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            InitialAccessTokenRow,
            "select token_id, name, max_uses, uses, expires_at, revoked_at, created_at \
             from initial_access_tokens "
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    pub async fn insert_initial_access_token(
        &mut self,
        new: &NewInitialAccessToken,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inserted = sqlx::query!(
            "insert into initial_access_tokens (tenant_id, token_id, name, token_digest, pepper_id,
                 max_uses, uses, expires_at, created_at)
             values ($1, $2, $3, $4, $5, $6, 0, $7, $8)",
            self.tenant_id(),
            new.token_id.as_uuid(),
            new.name,
            &new.digest.bytes,
            new.digest.pepper_id,
            new.max_uses
                .map(|uses| i32::try_from(uses).unwrap_or(i32::MAX)),
            new.expires_at.map(OffsetDateTime::from),
            OffsetDateTime::from(now),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    pub async fn find_initial_access_token(
        &mut self,
        token_id: TokenId,
    ) -> Result<Option<InitialAccessToken>, StoreError> {
        let row = select_initial_access_tokens!(
            "where tenant_id = $1 and token_id = $2",
            self.tenant_id(),
            token_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(InitialAccessToken::try_from)
            .transpose()
    }

    /// In the order in which they were made; used up, ended and revoked ones too.
    pub async fn list_initial_access_tokens(
        &mut self,
        after: Option<TokenId>,
        limit: u32,
    ) -> Result<Vec<InitialAccessToken>, StoreError> {
        let rows = select_initial_access_tokens!(
            "where tenant_id = $1 and token_id > $2 order by token_id limit $3",
            self.tenant_id(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(InitialAccessToken::try_from)
            .collect()
    }

    /// Whether it was not revoked before.
    pub async fn revoke_initial_access_token(
        &mut self,
        token_id: TokenId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = sqlx::query!(
            "update initial_access_tokens set revoked_at = $3
             where tenant_id = $1 and token_id = $2 and revoked_at is null",
            self.tenant_id(),
            token_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, revoked, execute)?.rows_affected() > 0)
    }

    /// Counts one use of a token that is live and not used up, under any pepper; `None` where there is
    /// none. In the transaction of the registration: one that fails gives the use back.
    pub async fn use_initial_access_token(
        &mut self,
        digests: &[SecretDigest],
        now: Timestamp,
    ) -> Result<Option<TokenId>, StoreError> {
        let digests = digest_array(digests);
        let used = sqlx::query_scalar!(
            "update initial_access_tokens set uses = uses + 1, last_used_at = $3
             where tenant_id = $1 and token_digest = any($2) and revoked_at is null
               and (max_uses is null or uses < max_uses)
               and (expires_at is null or expires_at > $3)
             returning token_id",
            self.tenant_id(),
            &digests,
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, used, fetch_optional)?.map(TokenId::from_uuid))
    }
}
