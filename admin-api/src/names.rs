//! What the ids in rows are called outside: clients by their `client_id`, resources by their identifier.

use std::collections::HashMap;

use protocol::resource::Resources;
use protocol::{ClientId, ClientKey, ResourceId};
use store::{StoreError, TenantScope};

/// Of one page of rows.
pub struct Names {
    resources: Resources,
    clients: HashMap<ClientKey, (ClientId, Option<String>)>,
}

impl Names {
    /// One look-up for each client.
    pub async fn of(
        scope: &mut TenantScope,
        client_keys: impl IntoIterator<Item = ClientKey>,
    ) -> Result<Self, StoreError> {
        let resources = crate::clients::all_resources(scope).await?;
        let mut clients = HashMap::new();
        for client_key in client_keys {
            if clients.contains_key(&client_key) {
                continue;
            }
            if let Some(record) = scope.find_client_by_key(client_key).await? {
                let named = (record.client.client_id, record.client.name);
                clients.insert(client_key, named);
            }
        }
        Ok(Self { resources, clients })
    }

    pub fn client_id(&self, client_key: ClientKey) -> Option<String> {
        let (client_id, _) = self.clients.get(&client_key)?;
        Some(client_id.to_string())
    }

    pub fn client_name(&self, client_key: ClientKey) -> Option<String> {
        let (_, name) = self.clients.get(&client_key)?;
        name.clone()
    }

    pub fn resource(&self, resource_id: ResourceId) -> String {
        identifier(&self.resources, resource_id)
    }
}

/// The identifier of a resource; the id of one that was deleted since.
pub fn identifier(resources: &Resources, resource_id: ResourceId) -> String {
    resources.find(resource_id).map_or_else(
        || resource_id.to_string(),
        |resource| resource.identifier().to_owned(),
    )
}
