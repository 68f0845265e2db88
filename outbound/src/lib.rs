//! The one guarded way out of the house: everything Writ fetches from a host it does not run
//! (client metadata documents, JWKS of clients and identity providers, webhooks) passes here.
//!
//! What it is: the only user of an HTTP client. A fetch goes to `https` only, to an address that
//! was resolved once, checked against the special-use ranges and pinned; without redirects,
//! proxies or cookies; with limits on size, time and per host.
//!
//! What it is not: a cache, or a judge of what was fetched. Documents are kept and judged by
//! `authority`, whose rules are `protocol`'s.
//!
//! How to add one more: a new kind of document gets a module here that names its limits (size,
//! time, media types) and goes through the guard. Nothing else in the workspace may name `reqwest`.
