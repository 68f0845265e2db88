//! The one guarded way out of the house: everything Writ fetches from a host it does not run
//! (client metadata documents, JWKS of clients and of resource servers, logos) passes here, and so does what it
//! sends: logout tokens, what happened to tenants' webhooks, and questions to MCP servers. Hosts of issuers show here
//! whose they are.
//!
//! What it is: the only user of an HTTP client. A fetch goes to `https` only, to addresses that
//! were resolved once, checked against the special-use ranges and pinned; without redirects,
//! proxies or cookies; with limits on size, time, media type, per host and per tenant.
//!
//! What it is not: a cache, or a judge of what was fetched. Documents are kept and judged by
//! `authority`, whose rules are `protocol`'s.
//!
//! [`operator`] is for programs that people run, never for a server: it goes where the person says.
//!
//! How to add one more: a new kind of document is a variant of [`FetchKind`], which names its
//! limits. Nothing else in the workspace may name `reqwest`.

mod budget;
mod cache_lifetime;
mod connection;
mod fetch;
mod guard;
mod lane;
mod mcp;
mod media_type;
pub mod operator;
mod resolver;
mod special_use;
mod url_rule;
mod world;

pub use budget::Budget;
pub use cache_lifetime::CacheLifetime;
pub use fetch::{FetchError, FetchKind, FetchRequest, Fetched, McpAnswer, McpMessage, Message};
pub use guard::{Outbound, OutboundError};
pub use resolver::{Resolve, ResolveError, Resolving};
pub use special_use::is_special_use;
pub use url_rule::{CheckedUrl, UrlFault, UrlRules};
pub use world::{HostBudgets, Limits, OutboundSettings, Places, World};
