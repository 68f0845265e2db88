//! What the guard takes from its surroundings, as values: limits, ports, who resolves names.
//!
//! What it is not: a way round the guard. A `World` can be built in code alone; no setting, file
//! or environment variable leads here, and the special-use check applies in every world.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use crate::budget::Budget;
use crate::fetch::{CONNECT_LIMIT, FetchKind, TOTAL_LIMIT, WEBHOOK_LIMIT};
use crate::resolver::Resolve;

/// What an operator may choose.
#[derive(Clone, Debug)]
pub struct OutboundSettings {
    /// Ports of `https` URLs.
    pub allowed_ports: Vec<u16>,
    pub limits: Limits,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allowed_ports: vec![443, 8443],
            limits: Limits::default(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// TCP and TLS together.
    pub connect: Duration,
    /// From resolving the name to the last byte of the body.
    pub total: Duration,
    /// The same, of a message to a webhook or an MCP server.
    pub webhook_total: Duration,
    /// Each class has its own places; none lends to another.
    pub jwks: Places,
    pub known_documents: Places,
    pub new_documents: Places,
    pub logos: Places,
    pub logout_notices: Places,
    pub webhooks: Places,
    pub mcp_servers: Places,
    pub issuer_hosts: Places,
    /// These three hold within each class but the webhooks'.
    pub per_host: Budget,
    /// No share alone can spend what a host may be asked.
    pub per_host_and_share: Budget,
    /// Names are free and addresses are not: many names that lead to one address share this. It is
    /// wider, because a network of caches serves many honest hosts from one address.
    pub per_address: Budget,
    /// Events come faster than anything else that is sent, and to whom an administrator chose.
    pub webhook_hosts: HostBudgets,
}

/// What a host may be asked, by everybody, by one share, and under one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostBudgets {
    pub per_host: Budget,
    pub per_host_and_share: Budget,
    pub per_address: Budget,
}

impl Limits {
    pub(crate) const fn total_of(&self, kind: FetchKind) -> Duration {
        match kind {
            FetchKind::Webhook | FetchKind::McpServer => self.webhook_total,
            _ => self.total,
        }
    }

    pub(crate) const fn hosts(&self) -> HostBudgets {
        HostBudgets {
            per_host: self.per_host,
            per_host_and_share: self.per_host_and_share,
            per_address: self.per_address,
        }
    }
}

/// Fetches of one class at the same time, over all hosts. A place is held until the look-up of the
/// name has ended, too, and that can take longer than the fetch may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    pub concurrent: usize,
    pub per_share: u32,
}

impl Places {
    const fn new(concurrent: usize, per_share: u32) -> Self {
        Self {
            concurrent,
            per_share,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: CONNECT_LIMIT,
            total: TOTAL_LIMIT,
            webhook_total: WEBHOOK_LIMIT,
            jwks: Places::new(32, 8),
            known_documents: Places::new(32, 8),
            new_documents: Places::new(64, 8),
            logos: Places::new(16, 4),
            logout_notices: Places::new(32, 16),
            webhooks: Places::new(64, 16),
            mcp_servers: Places::new(16, 2),
            issuer_hosts: Places::new(8, 8),
            per_host: Budget {
                concurrent: 4,
                per_minute: 60,
            },
            per_host_and_share: Budget {
                concurrent: 4,
                per_minute: 30,
            },
            per_address: Budget {
                concurrent: 16,
                per_minute: 300,
            },
            webhook_hosts: HostBudgets {
                per_host: Budget {
                    concurrent: 16,
                    per_minute: 1_200,
                },
                per_host_and_share: Budget {
                    concurrent: 16,
                    per_minute: 600,
                },
                per_address: Budget {
                    concurrent: 32,
                    per_minute: 2_400,
                },
            },
        }
    }
}

/// A world for tests: names and addresses of the public internet that lead to a local listener.
///
/// The guard is whole in it. A name that `resolver` gives a special-use address for is refused,
/// and `route` is asked only about addresses that passed, so "refused before a connection is made"
/// can be asserted at the listening socket.
#[derive(Clone)]
pub struct World {
    pub settings: OutboundSettings,
    pub resolver: Arc<dyn Resolve>,
    /// Trusted in place of the public roots.
    pub roots: Vec<CertificateDer<'static>>,
    /// Where a checked address is. The identity is the real internet. A URL that names its port
    /// keeps that port, and one that names an address cannot be led elsewhere (it is refused).
    pub route: Arc<dyn Fn(SocketAddr) -> SocketAddr + Send + Sync>,
    /// As `Outbound::for_development`.
    pub is_development: bool,
}

impl World {
    /// Every address leads to `listener`.
    pub fn leading_to(
        listener: SocketAddr,
        resolver: Arc<dyn Resolve>,
        roots: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self {
            settings: OutboundSettings::default(),
            resolver,
            roots,
            route: Arc::new(move |_| listener),
            is_development: false,
        }
    }
}
