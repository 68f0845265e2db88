//! What all endpoints share of HTTP: reading bodies within limits, errors on the wire, headers.
//!
//! Not here: what a parameter means, or which error a situation deserves (`protocol`).
//!
//! To add one more: a file named after the thing, used by `dispatch` if it concerns every request.

pub mod body;
pub mod client_address;
pub mod cors;
pub mod dpop;
pub mod json;
pub mod limits;
pub mod oauth_error;
pub mod page_error;
pub mod request_id;
pub mod security_headers;
