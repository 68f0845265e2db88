//! What devices asked for (RFC 8628), in the states that methods tell apart.

use std::net::IpAddr;
use std::time::Duration;

use protocol::{ClientKey, GrantId, PendingId, ResourceId, ScopeSet};

use super::{CountingRandom, Things, at, digest};
use crate::tenant_scope::TenantScope;
use crate::{NewDeviceAuthorization, NewGrant};

#[derive(Clone)]
pub(crate) struct Devices {
    pub pending: NewDeviceAuthorization,
    pub approved: NewDeviceAuthorization,
    /// Of the approved one.
    pub grant: NewGrant,
}

impl Devices {
    pub fn new(client_key: ClientKey, resource_id: ResourceId, grant: &NewGrant) -> Self {
        Self {
            pending: device(client_key, resource_id),
            approved: device(client_key, resource_id),
            grant: grant_of(grant),
        }
    }

    pub async fn insert(&self, scope: &mut TenantScope) {
        for new in [&self.pending, &self.approved] {
            let inserted = scope.insert_device_authorization(new, at(0));
            assert!(inserted.await.unwrap());
        }
        let pending_id = self.approved.pending_id;
        let approved = scope.approve_device_authorization(pending_id, &self.grant, at(1));
        assert!(approved.await.unwrap());
    }
}

/// Another grant of the same person to the same client.
pub(crate) fn grant_of(grant: &NewGrant) -> NewGrant {
    NewGrant {
        grant_id: GrantId::generate(&CountingRandom, at(0)),
        ..grant.clone()
    }
}

/// Another one that waits.
pub(crate) fn device_of(things: &Things) -> NewDeviceAuthorization {
    device(things.client.key, things.resource.resource_id)
}

fn device(client_key: ClientKey, resource_id: ResourceId) -> NewDeviceAuthorization {
    NewDeviceAuthorization {
        pending_id: PendingId::generate(&CountingRandom, at(0)),
        client_key,
        device_code: digest(),
        user_code: digest(),
        scopes: ScopeSet::parse("tools:call").unwrap(),
        resource_ids: vec![resource_id],
        requested_from: IpAddr::from([192, 0, 2, 7]),
        interval: Duration::from_secs(5),
        expires_at: at(600),
    }
}
