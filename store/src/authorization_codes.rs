//! Authorization codes: issued together with their grant, redeemed once.

use protocol::authorization::{AuthorizationCode, ProofOfPossession};
use protocol::pkce::CodeChallenge;
use protocol::token::Standing;
use protocol::{ClientKey, GrantId, JwkThumbprint, PendingId, ResourceId, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::grants::{Grant, GrantRow, NewGrant};
use crate::refresh_tokens::NewRefreshFamily;
use crate::secret_digest::{SecretDigest, digest_array};
use crate::tenant_scope::{TenantScope, answer};

/// A code and everything that its redemption is decided by, read at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCodeRecord {
    pub code: AuthorizationCode,
    pub digest: SecretDigest,
    pub grant: Grant,
    pub standing: Standing,
    /// A login before this moment no longer counts.
    pub user_password_changed_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct NewAuthorizationCode {
    pub digest: SecretDigest,
    /// Unique: a pending authorization is answered with one code, however often it is sent.
    pub pending_id: PendingId,
    pub redirect_uri: String,
    pub redirect_uri_was_sent: bool,
    pub proof: ProofOfPossession,
    pub nonce: Option<String>,
    pub dpop_jkt: Option<JwkThumbprint>,
    pub expires_at: Timestamp,
}

struct CodeRow {
    code_digest: Vec<u8>,
    pepper_id: i16,
    redirect_uri: String,
    redirect_uri_was_sent: bool,
    code_challenge: Option<String>,
    nonce: Option<String>,
    dpop_jkt: Option<String>,
    expires_at: OffsetDateTime,
    redeemed_at: Option<OffsetDateTime>,
    code_client_key: Uuid,
    grant_id: Uuid,
    user_id: Uuid,
    client_key: Uuid,
    scopes: Vec<String>,
    resource_ids: Vec<Uuid>,
    authenticated_at: OffsetDateTime,
    client_auth_method: Option<String>,
    session_id: Option<Uuid>,
    acr: Option<String>,
    created_at: OffsetDateTime,
    revoked_at: Option<OffsetDateTime>,
    is_client_enabled: bool,
    is_user_enabled: bool,
    password_changed_at: Option<OffsetDateTime>,
}

impl TryFrom<CodeRow> for AuthorizationCodeRecord {
    type Error = StoreError;

    fn try_from(row: CodeRow) -> Result<Self, StoreError> {
        let code = AuthorizationCode {
            grant_id: GrantId::from_uuid(row.grant_id),
            client_key: ClientKey::from_uuid(row.code_client_key),
            redirect_uri: row.redirect_uri,
            redirect_uri_was_sent: row.redirect_uri_was_sent,
            proof: ProofOfPossession::from_stored(row.code_challenge.as_deref())
                .map_err(StoreError::corrupt)?,
            nonce: row.nonce,
            dpop_jkt: row
                .dpop_jkt
                .as_deref()
                .map(JwkThumbprint::parse)
                .transpose()
                .map_err(StoreError::corrupt)?,
            expires_at: row.expires_at.into(),
            redeemed_at: row.redeemed_at.map(Into::into),
        };
        let standing = Standing {
            is_client_enabled: row.is_client_enabled,
            is_user_enabled: row.is_user_enabled,
            is_grant_live: row.revoked_at.is_none(),
        };
        let grant = GrantRow {
            grant_id: row.grant_id,
            user_id: row.user_id,
            client_key: row.client_key,
            scopes: row.scopes,
            resource_ids: row.resource_ids,
            authenticated_at: row.authenticated_at,
            client_auth_method: row.client_auth_method,
            session_id: row.session_id,
            acr: row.acr,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
        };
        Ok(Self {
            code,
            digest: SecretDigest::from_row(&row.code_digest, row.pepper_id)?,
            grant: grant.try_into()?,
            standing,
            user_password_changed_at: row.password_changed_at.map(Into::into),
        })
    }
}

impl TenantScope {
    /// The grant and its code in one statement. [`StoreError::Conflict`]
    /// (`authorization_codes_pending_is_answered_once`) when the pending authorization was answered
    /// before: then nothing of this scope may be committed.
    pub async fn insert_grant_with_code(
        &mut self,
        grant: &NewGrant,
        code: &NewAuthorizationCode,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let resource_ids: Vec<Uuid> = grant.resource_ids.iter().map(ResourceId::as_uuid).collect();
        let inserted = sqlx::query!(
            "with granted as (
                 insert into grants (tenant_id, grant_id, user_id, client_key, scopes, resource_ids,
                     authenticated_at, created_at, client_auth_method, refused_scopes, session_id, acr)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $16, $17, $18, $19)
                 returning tenant_id, grant_id, client_key)
             insert into authorization_codes (tenant_id, grant_id, client_key, code_digest, pepper_id,
                 pending_id, redirect_uri, redirect_uri_was_sent, code_challenge, created_at, expires_at,
                 nonce, dpop_jkt)
             select tenant_id, grant_id, client_key, $9, $10, $11, $12, $13, $14, $8, $15, $20, $21
             from granted",
            self.tenant_id(),
            grant.grant_id.as_uuid(),
            grant.user_id.as_uuid(),
            grant.client_key.as_uuid(),
            grant.scopes.tokens(),
            &resource_ids,
            OffsetDateTime::from(grant.authenticated_at),
            OffsetDateTime::from(now),
            &code.digest.bytes,
            code.digest.pepper_id,
            code.pending_id.as_uuid(),
            code.redirect_uri,
            code.redirect_uri_was_sent,
            code.proof.challenge().map(CodeChallenge::as_str),
            OffsetDateTime::from(code.expires_at),
            grant.client_auth_method.as_str(),
            grant.refused_scopes.tokens(),
            grant.session_id.map(|id| id.as_uuid()),
            grant.acr,
            code.nonce,
            code.dpop_jkt.as_ref().map(JwkThumbprint::as_str),
        );
        answer!(self, inserted, execute)?;
        Ok(())
    }

    /// Under any pepper; spent and expired ones too, since the rule tells them apart.
    pub async fn find_authorization_code(
        &mut self,
        digests: &[SecretDigest],
    ) -> Result<Option<AuthorizationCodeRecord>, StoreError> {
        let digests = digest_array(digests);
        let row = sqlx::query_as!(
            CodeRow,
            "select c.code_digest, c.pepper_id, c.redirect_uri, c.redirect_uri_was_sent,
                 c.code_challenge, c.nonce, c.dpop_jkt, c.expires_at, c.redeemed_at, c.client_key as code_client_key,
                 g.grant_id, g.user_id, g.client_key, g.scopes, g.resource_ids, g.authenticated_at,
                 g.client_auth_method, g.session_id, g.acr, g.created_at, g.revoked_at, l.is_enabled as is_client_enabled,
                 u.is_enabled as is_user_enabled, u.password_changed_at
             from authorization_codes c
             join grants g  on g.tenant_id = c.tenant_id and g.grant_id = c.grant_id
             join clients l on l.tenant_id = g.tenant_id and l.client_key = g.client_key
             join users u   on u.tenant_id = g.tenant_id and u.user_id = g.user_id
             where c.tenant_id = $1 and c.code_digest = any($2)",
            self.tenant_id(),
            &digests,
        );
        answer!(self, row, fetch_optional)?
            .map(AuthorizationCodeRecord::try_from)
            .transpose()
    }

    /// Marks the code redeemed, only if it still is not and its grant still lives, and makes the
    /// family of its refresh token in the same statement. False: read again, decide again.
    pub async fn redeem_authorization_code(
        &mut self,
        digest: &SecretDigest,
        family: Option<&NewRefreshFamily>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match family {
            Some(family) => self.redeem_with_family(digest, family, now).await,
            None => self.redeem_without_family(digest, now).await,
        }
    }

    async fn redeem_with_family(
        &mut self,
        digest: &SecretDigest,
        family: &NewRefreshFamily,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // The share lock on the grant makes a revocation and this statement wait for one another.
        let redeemed = sqlx::query_scalar!(
            r#"with live as materialized (
                   select g.tenant_id, g.grant_id
                   from grants g
                   join authorization_codes c on c.tenant_id = g.tenant_id and c.grant_id = g.grant_id
                   where c.tenant_id = $1 and c.code_digest = $2 and g.revoked_at is null
                   for share of g),
               redeemed as (
                   update authorization_codes c set redeemed_at = $3
                   from live
                   where c.tenant_id = live.tenant_id and c.code_digest = $2 and c.redeemed_at is null
                   returning c.tenant_id, c.grant_id)
               insert into refresh_families (tenant_id, grant_id, family_id, generation, current_digest,
                   pepper_id, security_epoch, created_at, idle_expires_at, absolute_expires_at, dpop_jkt)
               select tenant_id, grant_id, $4, 0, $5, $6, installation.security_epoch, $3, $7, $8, $9
               from redeemed, installation where installation.is_singleton
               returning family_id"#,
            self.tenant_id(),
            &digest.bytes,
            OffsetDateTime::from(now),
            family.family_id.as_uuid(),
            &family.digest.bytes,
            family.digest.pepper_id,
            OffsetDateTime::from(family.idle_expires_at),
            OffsetDateTime::from(family.absolute_expires_at),
            family.dpop_jkt.as_ref().map(JwkThumbprint::as_str),
        );
        Ok(answer!(self, redeemed, fetch_optional)?.is_some())
    }

    async fn redeem_without_family(
        &mut self,
        digest: &SecretDigest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let redeemed = sqlx::query_scalar!(
            "with live as materialized (
                 select g.tenant_id, g.grant_id
                 from grants g
                 join authorization_codes c on c.tenant_id = g.tenant_id and c.grant_id = g.grant_id
                 where c.tenant_id = $1 and c.code_digest = $2 and g.revoked_at is null
                 for share of g)
             update authorization_codes c set redeemed_at = $3
             from live
             where c.tenant_id = live.tenant_id and c.code_digest = $2 and c.redeemed_at is null
             returning c.grant_id",
            self.tenant_id(),
            &digest.bytes,
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, redeemed, fetch_optional)?.is_some())
    }
}
