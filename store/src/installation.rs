//! The one row about the whole installation.

use crate::error::StoreError;
use crate::platform_scope::PlatformScope;
use crate::tenant_scope::answer;

impl PlatformScope {
    /// Voids every refresh token there is: for the moment after a back-up was restored.
    pub async fn raise_security_epoch(&mut self) -> Result<i64, StoreError> {
        let epoch = sqlx::query_scalar!(
            "update installation set security_epoch = security_epoch + 1 where is_singleton
             returning security_epoch"
        );
        answer!(self, epoch, fetch_one)
    }

    /// The versions of the migrations that were applied.
    pub(crate) async fn list_migrations(&mut self) -> Result<Vec<i64>, StoreError> {
        let versions = sqlx::query_scalar!("select version from _sqlx_migrations where success");
        answer!(self, versions, fetch_all)
    }
}
