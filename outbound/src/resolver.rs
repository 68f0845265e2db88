//! Who turns names into addresses: the system's resolver, or a test's.
//!
//! What it is not: a judge of the addresses; `guard` checks every one of them.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// The name has no address, or nobody could say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name could not be resolved")]
pub struct ResolveError;

pub type Resolving<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, ResolveError>> + Send + 'a>>;

/// All addresses of a name, of both families. Asked once for each fetch.
pub trait Resolve: Send + Sync {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// Look-ups at the same time. One may outlive the fetch that began it, since `getaddrinfo` cannot
/// be called off; it keeps its place here until it ends, so threads cannot pile up.
const CONCURRENT_LOOKUPS: usize = 32;

/// `getaddrinfo`, on tokio's threads for blocking calls.
pub(crate) struct SystemResolver {
    places: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(CONCURRENT_LOOKUPS)),
        }
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let place = Arc::clone(&self.places)
                .acquire_owned()
                .await
                .map_err(|_| ResolveError)?;
            // The final dot makes the name absolute: no search list is tried, so a document of
            // `db.svc` is never answered by the cluster this runs in.
            let name = format!("{host}.");
            let lookup = tokio::spawn(async move {
                let addresses = tokio::net::lookup_host((name.as_str(), 0)).await;
                drop(place);
                addresses.map(|found| found.map(|address| address.ip()).collect())
            });
            match lookup.await {
                Ok(Ok(addresses)) => Ok(addresses),
                Ok(Err(_)) | Err(_) => Err(ResolveError),
            }
        })
    }
}
