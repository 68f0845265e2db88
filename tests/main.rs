//! Black-box tests: everything over HTTP, against the application as `writ serve` starts it.
//!
//! One file per feature, named after it as everywhere else; test names are sentences of the rule, and
//! the doc comment cites its section and its row in `docs/conformance.md`. Begin with `whole_flow.rs`.

mod authorization_request;
mod error_placement;
mod harness;
mod pkce;
mod prompt;
mod redirect_uri;
mod requested_rights;
mod whole_flow;
