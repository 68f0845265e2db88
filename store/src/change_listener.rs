//! A connection of its own that hears what changed elsewhere.

use std::time::Duration;

use sqlx::Postgres;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgListener};

use crate::changes::{CHANNEL, Change};
use crate::database::Database;
use crate::error::StoreError;

/// Hears notifications on the direct connection, from the moment it was subscribed.
pub struct ChangeListener {
    listener: PgListener,
}

/// What a listener heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Change(Change),
    /// Some replica's heartbeat; only one's own proves anything.
    Heartbeat {
        replica: String,
        number: u64,
    },
    /// A notification that this version cannot read: anything may have changed.
    Unknown,
    /// The connection is gone, and with it what was said meanwhile: subscribe anew.
    Lost,
}

impl Database {
    /// Listens first; what is loaded after this call misses nothing.
    pub async fn subscribe(&self) -> Result<ChangeListener, StoreError> {
        let options: PgConnectOptions = self.direct_options().clone();
        let connecting = async {
            let pool = PoolOptions::<Postgres>::new()
                .max_connections(1)
                .max_lifetime(None)
                .idle_timeout(None)
                .acquire_timeout(Duration::from_secs(2))
                .connect_lazy_with(options);
            let mut listener = PgListener::connect_with(&pool).await?;
            // A silent reconnection would hide that something was missed.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok(listener)
        };
        Ok(ChangeListener {
            listener: self.within_deadline(connecting).await?,
        })
    }
}

impl ChangeListener {
    /// Waits for the next notification. Safe to drop while it waits.
    pub async fn recv(&mut self) -> Heard {
        match self.listener.try_recv().await {
            Ok(Some(notification)) => read(notification.payload()),
            Ok(None) | Err(_) => Heard::Lost,
        }
    }
}

fn read(payload: &str) -> Heard {
    if let Some(heartbeat) = payload.strip_prefix("heartbeat:") {
        let heartbeat = heartbeat
            .rsplit_once(':')
            .and_then(|(replica, number)| Some((replica.to_owned(), number.parse().ok()?)));
        return heartbeat.map_or(Heard::Unknown, |(replica, number)| Heard::Heartbeat {
            replica,
            number,
        });
    }
    Change::parse(payload).map_or(Heard::Unknown, Heard::Change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_told_from_a_change() {
        let heartbeat = Heard::Heartbeat {
            replica: "a:b".to_owned(),
            number: 7,
        };
        assert_eq!(read("heartbeat:a:b:7"), heartbeat);
        assert_eq!(read("heartbeat:a:b:x"), Heard::Unknown);
        assert_eq!(read("something else"), Heard::Unknown);
        assert!(matches!(read("- admin_key"), Heard::Change(_)));
    }
}
