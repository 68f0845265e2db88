//! What changed, told to every replica: the text of a notification, and who hears it here.
//!
//! A change is noted in the transaction that makes it. On commit PostgreSQL tells the replicas that
//! listen, and this replica's own hook is called. Tokens that are issued are never changes: a
//! notification in every commit would halve the rate of all of them.
//!
//! How to add one more kind: a variant, its line in `to_payload` and in `parse`.

use std::sync::Arc;

use protocol::{ClientKey, GrantId, TenantId, Timestamp, TokenId, UserId};
use uuid::Uuid;

/// The channel that all replicas of a database share.
pub(crate) const CHANNEL: &str = "writ_freshness";

/// Called for each change after its transaction committed.
pub type ChangeHook = Arc<dyn Fn(&Change) + Send + Sync>;

/// One change: whose, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// `None` for what stands above tenants.
    pub tenant_id: Option<TenantId>,
    pub kind: ChangeKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The tenant itself: its settings, its state, that it is there at all.
    Tenant,
    Client(ClientKey),
    /// A resource, its identifiers, scopes or credentials.
    Resource,
    User(UserId),
    SigningKey,
    AdminKey,
    /// The policies of a tenant; without one, the guard rails above all of them.
    Policy,
    /// Everything that descends from the grant is dead; until then access tokens could live.
    GrantRevoked {
        grant_id: GrantId,
        until: Timestamp,
    },
    AccessTokenRevoked {
        jti: TokenId,
        until: Timestamp,
    },
}

impl Change {
    pub const fn of_tenant(tenant_id: TenantId, kind: ChangeKind) -> Self {
        Self {
            tenant_id: Some(tenant_id),
            kind,
        }
    }

    pub const fn of_platform(kind: ChangeKind) -> Self {
        Self {
            tenant_id: None,
            kind,
        }
    }

    /// `tenant kind [id [until]]`, far below the 8000 bytes that a notification may have.
    pub fn to_payload(&self) -> String {
        let tenant = self
            .tenant_id
            .map_or_else(|| "-".to_owned(), |id| id.to_string());
        match &self.kind {
            ChangeKind::Tenant => format!("{tenant} tenant"),
            ChangeKind::Client(key) => format!("{tenant} client {key}"),
            ChangeKind::Resource => format!("{tenant} resource"),
            ChangeKind::User(user_id) => format!("{tenant} user {user_id}"),
            ChangeKind::SigningKey => format!("{tenant} signing_key"),
            ChangeKind::AdminKey => format!("{tenant} admin_key"),
            ChangeKind::Policy => format!("{tenant} policy"),
            ChangeKind::GrantRevoked { grant_id, until } => {
                format!("{tenant} grant_revoked {grant_id} {}", until.unix_micros())
            }
            ChangeKind::AccessTokenRevoked { jti, until } => {
                format!(
                    "{tenant} access_token_revoked {jti} {}",
                    until.unix_micros()
                )
            }
        }
    }

    /// `None` for a payload of another version of Writ: the listener then distrusts what it knows.
    pub fn parse(payload: &str) -> Option<Self> {
        let mut words = payload.split(' ');
        let tenant_id = match words.next()? {
            "-" => None,
            id => Some(id.parse().ok()?),
        };
        let kind = words.next()?;
        let id: Option<Uuid> = match words.next() {
            Some(id) => Some(Uuid::parse_str(id).ok()?),
            None => None,
        };
        let until: Option<i64> = match words.next() {
            Some(micros) => Some(micros.parse().ok()?),
            None => None,
        };
        let until = until.map(Timestamp::from_unix_micros);
        let kind = match (kind, id, until) {
            ("tenant", None, None) => ChangeKind::Tenant,
            ("client", Some(id), None) => ChangeKind::Client(ClientKey::from_uuid(id)),
            ("resource", None, None) => ChangeKind::Resource,
            ("user", Some(id), None) => ChangeKind::User(UserId::from_uuid(id)),
            ("signing_key", None, None) => ChangeKind::SigningKey,
            ("admin_key", None, None) => ChangeKind::AdminKey,
            ("policy", None, None) => ChangeKind::Policy,
            ("grant_revoked", Some(id), Some(until)) => ChangeKind::GrantRevoked {
                grant_id: GrantId::from_uuid(id),
                until,
            },
            ("access_token_revoked", Some(id), Some(until)) => ChangeKind::AccessTokenRevoked {
                jti: TokenId::from_uuid(id),
                until,
            },
            _ => return None,
        };
        words.next().is_none().then_some(Self { tenant_id, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn every_change_survives_its_notification() {
        let until = Timestamp::from_unix_micros(1_800_000_000_123_456);
        let kinds = [
            ChangeKind::Tenant,
            ChangeKind::Client(ClientKey::from_uuid(id(1))),
            ChangeKind::Resource,
            ChangeKind::User(UserId::from_uuid(id(2))),
            ChangeKind::SigningKey,
            ChangeKind::AdminKey,
            ChangeKind::Policy,
            ChangeKind::GrantRevoked {
                grant_id: GrantId::from_uuid(id(3)),
                until,
            },
            ChangeKind::AccessTokenRevoked {
                jti: TokenId::from_uuid(id(4)),
                until,
            },
        ];
        for kind in kinds {
            for change in [
                Change::of_platform(kind),
                Change::of_tenant(TenantId::from_uuid(id(9)), kind),
            ] {
                let payload = change.to_payload();
                assert!(payload.len() < 8_000);
                assert_eq!(Change::parse(&payload), Some(change), "{payload}");
            }
        }
    }

    #[test]
    fn what_no_version_of_ours_sends_is_no_change() {
        for payload in [
            "",
            "-",
            "- planet",
            "x tenant",
            "- tenant extra",
            "- client",
            "- user x",
        ] {
            assert_eq!(Change::parse(payload), None, "{payload}");
        }
    }
}
