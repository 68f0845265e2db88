//! What clients asked for as `resource` and is none: kept, so that an administrator can accept it.
//!
//! Only when somebody is there who authenticated, a person or a client: strangers write nothing.

use protocol::ids::{ClientId, RefusedIndicatorId};
use store::{NewRefusedResourceIndicator, StoreError, Tenant};

use crate::Authority;

impl Authority {
    /// The request is refused either way; where this fails, the log says so and nobody else.
    pub async fn keep_refused_resource(&self, tenant: &Tenant, client_id: &ClientId, value: &str) {
        if let Err(error) = self.try_keep(tenant, client_id, value).await {
            tracing::warn!(%error, "a refused resource was not kept");
            self.metrics().database_errors.inc();
        }
    }

    async fn try_keep(
        &self,
        tenant: &Tenant,
        client_id: &ClientId,
        value: &str,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let new = NewRefusedResourceIndicator {
            indicator_id: RefusedIndicatorId::generate(self.random(), now),
            value: value.to_owned(),
            client_id: client_id.clone(),
        };
        let mut scope = self.database().tenant(tenant).await?;
        scope.keep_refused_resource_indicator(&new, now).await?;
        scope.commit().await
    }
}
