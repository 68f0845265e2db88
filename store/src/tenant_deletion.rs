//! Removing the rows of a deleted tenant, batch by batch: a cascade would hold locks for minutes. Its time of grace is
//! over by then (`tenants::registry::states`).
//!
//! The tenant's own row stays, and so do its audit events until their month is dropped.

use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};
use crate::tenants::TenantState;

impl TenantScope {
    /// Removes up to `limit` rows; zero when nothing is left. Only of a tenant that is deleted.
    pub async fn delete_rows_of_deleted_tenant(&mut self, limit: u32) -> Result<u64, StoreError> {
        if self.tenant().state() != TenantState::Deleted {
            return Ok(0);
        }
        let limit = i64::from(limit);
        // What refers to others goes before what it refers to, so that no cascade is long.
        let mut deleted = self.delete_grants(limit).await?;
        if deleted == 0 {
            deleted = self.delete_users(limit).await?;
        }
        if deleted == 0 {
            deleted = self.delete_clients(limit).await?;
        }
        if deleted == 0 {
            deleted = self.delete_resources_and_keys(limit).await?;
        }
        if deleted == 0 {
            deleted = self.delete_dpop_proof_ids(limit).await?;
        }
        if deleted == 0 {
            deleted = self.delete_idempotent_answers(limit).await?;
        }
        if deleted == 0 {
            deleted = self.delete_decisions(limit).await?;
        }
        if deleted == 0 {
            deleted = self.delete_policy_versions().await?;
        }
        if deleted == 0 {
            deleted = self.delete_webhooks(limit).await?;
        }
        if deleted == 0 {
            deleted = self.delete_groups(limit).await?;
        }
        if deleted == 0 {
            // Nothing is left that could be counted.
            deleted = self.delete_usage().await?;
        }
        Ok(deleted)
    }

    async fn delete_groups(&mut self, limit: i64) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from groups where tenant_id = $1 and name in (
                 select name from groups where tenant_id = $1 order by name limit $2)",
            self.tenant_id(),
            limit,
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }

    async fn delete_usage(&mut self) -> Result<u64, StoreError> {
        let usage = sqlx::query!(
            "delete from tenant_usage where tenant_id = $1",
            self.tenant_id()
        );
        let usage = answer!(self, usage, execute)?.rows_affected();
        let quotas = sqlx::query!(
            "delete from tenant_quotas where tenant_id = $1",
            self.tenant_id()
        );
        Ok(usage + answer!(self, quotas, execute)?.rows_affected())
    }

    async fn delete_grants(&mut self, limit: i64) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from grants where tenant_id = $1 and grant_id in (
                 select grant_id from grants where tenant_id = $1 order by grant_id limit $2)",
            self.tenant_id(),
            limit,
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }

    /// There are two hundred at most.
    async fn delete_policy_versions(&mut self) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from policy_versions where tenant_id = $1",
            self.tenant_id()
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }

    async fn delete_users(&mut self, limit: i64) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from users where tenant_id = $1 and user_id in (
                 select user_id from users where tenant_id = $1 order by user_id limit $2)",
            self.tenant_id(),
            limit,
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }

    async fn delete_clients(&mut self, limit: i64) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from clients where tenant_id = $1 and client_key in (
                 select client_key from clients where tenant_id = $1 order by client_key limit $2)",
            self.tenant_id(),
            limit,
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }

    async fn delete_dpop_proof_ids(&mut self, limit: i64) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from dpop_proof_ids where tenant_id = $1 and proof_digest in (
                 select proof_digest from dpop_proof_ids where tenant_id = $1
                 order by proof_digest limit $2)",
            self.tenant_id(),
            limit,
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }

    /// Their deliveries before them; and what was still to be erased from the audit, which goes by its months.
    async fn delete_webhooks(&mut self, limit: i64) -> Result<u64, StoreError> {
        let deliveries = sqlx::query!(
            "delete from webhook_deliveries where tenant_id = $1 and (webhook_id, event_id) in (
                 select webhook_id, event_id from webhook_deliveries where tenant_id = $1
                 order by webhook_id, event_id limit $2)",
            self.tenant_id(),
            limit,
        );
        let deliveries = answer!(self, deliveries, execute)?.rows_affected();
        if deliveries > 0 {
            return Ok(deliveries);
        }
        let webhooks = sqlx::query!(
            "delete from webhooks where tenant_id = $1 and webhook_id in (
                 select webhook_id from webhooks where tenant_id = $1 order by webhook_id limit $2)",
            self.tenant_id(),
            limit,
        );
        let webhooks = answer!(self, webhooks, execute)?.rows_affected();
        let erasures = sqlx::query!(
            "delete from audit_erasures where tenant_id = $1 and user_id in (
                 select user_id from audit_erasures where tenant_id = $1 order by user_id limit $2)",
            self.tenant_id(),
            limit,
        );
        let erasures = answer!(self, erasures, execute)?.rows_affected();
        Ok(webhooks + erasures)
    }

    async fn delete_decisions(&mut self, limit: i64) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from decisions where tenant_id = $1 and decision_id in (
                 select decision_id from decisions where tenant_id = $1 order by decision_id limit $2)",
            self.tenant_id(),
            limit,
        );
        Ok(answer!(self, deleted, execute)?.rows_affected())
    }

    async fn delete_resources_and_keys(&mut self, limit: i64) -> Result<u64, StoreError> {
        let resources = sqlx::query!(
            "delete from resources where tenant_id = $1 and resource_id in (
                 select resource_id from resources where tenant_id = $1 order by resource_id limit $2)",
            self.tenant_id(),
            limit,
        );
        let resources = answer!(self, resources, execute)?.rows_affected();
        let assertions = sqlx::query!(
            "delete from client_assertion_ids where tenant_id = $1
               and (client_id_digest, jti_digest) in (
                 select client_id_digest, jti_digest from client_assertion_ids where tenant_id = $1
                 order by client_id_digest, jti_digest limit $2)",
            self.tenant_id(),
            limit,
        );
        let assertions = answer!(self, assertions, execute)?.rows_affected();
        let tokens = sqlx::query!(
            "delete from initial_access_tokens where tenant_id = $1 and token_id in (
                 select token_id from initial_access_tokens where tenant_id = $1
                 order by token_id limit $2)",
            self.tenant_id(),
            limit,
        );
        let tokens = answer!(self, tokens, execute)?.rows_affected();
        let clients = sqlx::query!(
            "delete from ended_clients where tenant_id = $1 and client_id in (
                 select client_id from ended_clients where tenant_id = $1 order by client_id limit $2)",
            self.tenant_id(),
            limit,
        );
        let clients = answer!(self, clients, execute)?.rows_affected();
        let audiences = sqlx::query!(
            "delete from ended_audiences where tenant_id = $1 and audience in (
                 select audience from ended_audiences where tenant_id = $1 order by audience limit $2)",
            self.tenant_id(),
            limit,
        );
        let audiences = answer!(self, audiences, execute)?.rows_affected();
        let indicators = sqlx::query!(
            "delete from refused_resource_indicators where tenant_id = $1",
            self.tenant_id()
        );
        let indicators = answer!(self, indicators, execute)?.rows_affected();
        let keys = sqlx::query!(
            "delete from signing_keys where tenant_id = $1",
            self.tenant_id()
        );
        let keys = answer!(self, keys, execute)?.rows_affected();
        Ok(resources + assertions + tokens + clients + audiences + indicators + keys)
    }
}
