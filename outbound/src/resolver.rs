//! Who turns names into addresses: the system's resolver, or a test's.
//!
//! What it is not: a judge of the addresses; `guard` checks every one of them.

use std::future::Future;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::thread;

use tokio::sync::oneshot;

/// The name has no address, or nobody could say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name could not be resolved")]
pub struct ResolveError;

pub type Resolving<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, ResolveError>> + Send + 'a>>;

/// All addresses of a name, of both families. Asked once for each fetch, and asked to the end: who
/// waits may leave earlier, the look-up goes on and keeps its fetch's places.
pub trait Resolve: Send + Sync {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// `getaddrinfo`, each on a thread of its own. It cannot be called off: a look-up may outlive its
/// fetch, and `guard` lets it keep the places of the fetch, so that threads cannot pile up. Tokio's
/// threads for blocking calls are few in a runtime of one worker, and password hashing needs them.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        // The final dot makes the name absolute: no search list is tried, so a document of `db.svc`
        // is never answered by the cluster this runs in.
        let name = format!("{host}.");
        let (sender, answer) = oneshot::channel();
        let begun = thread::Builder::new()
            .name("look-up".to_owned())
            .spawn(move || {
                let found = (name.as_str(), 0).to_socket_addrs();
                // Nobody may wait any more.
                let _ = sender.send(found.map(|found| found.map(|it| it.ip()).collect()));
            });
        Box::pin(async move {
            begun.map_err(|_| ResolveError)?;
            let found = answer.await.map_err(|_| ResolveError)?;
            found.map_err(|_| ResolveError)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a network: what cannot be a name is refused by the library itself.
    #[tokio::test]
    async fn what_is_no_name_has_no_address() {
        let refused = SystemResolver.resolve("a..b").await;
        assert_eq!(refused, Err(ResolveError));
    }
}
