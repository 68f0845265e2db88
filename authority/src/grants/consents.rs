//! The consent that a code is issued on: held while the code is made, or remembered with it.

use protocol::authorization::consent;
use protocol::{ClientKey, Timestamp};
use store::{NewConsent, StoreError, TenantScope};

use super::{ApprovedAuthorization, GrantError};

const RESOURCE_IS_THERE: &str = "consents_tenant_id_resource_id_fkey";

/// Row F8: whether what was allowed before still is.
pub async fn hold(
    scope: &mut TenantScope,
    approved: &ApprovedAuthorization<'_>,
    client_key: ClientKey,
) -> Result<bool, StoreError> {
    let held = scope.hold_consents(approved.user_id, client_key).await?;
    let registered = approved.redirect_uri.registered();
    let (resources, scopes) = (&approved.pending.resources, &approved.scopes);
    Ok(consent::is_covered(&held, registered, resources, scopes))
}

/// Row L4: per user, client, registered redirect URI, resource and scopes.
pub async fn remember(
    scope: &mut TenantScope,
    approved: &ApprovedAuthorization<'_>,
    client_key: ClientKey,
    now: Timestamp,
) -> Result<(), GrantError> {
    // Two answers at once take the rows in one order, whichever the requests had.
    let mut resource_ids = approved.pending.resources.clone();
    resource_ids.sort_unstable();
    for resource_id in resource_ids {
        let consent = NewConsent {
            user_id: approved.user_id,
            client_key,
            resource_id,
            redirect_uri: approved.redirect_uri.registered().clone(),
            scopes: approved.scopes.clone(),
        };
        let inserted = scope.insert_consent(&consent, now).await;
        inserted.map_err(|error| match error.conflict() {
            Some(RESOURCE_IS_THERE) => GrantError::ResourceGone,
            _ => error.into(),
        })?;
    }
    Ok(())
}
