//! Requests as they go over the wire: to the test server's socket, with the host that the URL names.
//!
//! So issuers may be any URL (`https://writ.test/t/acme`, another host, a root), as behind a proxy that
//! ends TLS, and any replica can be asked for any issuer.

use std::net::SocketAddr;

use reqwest::header::HOST;
use reqwest::{Client, Method, RequestBuilder};
use url::Url;

use super::answer::Answer;

/// A way to one server.
#[derive(Debug, Clone)]
pub struct Wire {
    client: Client,
    address: SocketAddr,
}

impl Wire {
    pub fn to(address: SocketAddr) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // A connection of its own for each request would hide what keep-alive breaks; one shared
            // by all would queue what a race test sends at once.
            .pool_max_idle_per_host(64)
            .build()
            .unwrap();
        Self { client, address }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request for a URL, as its host would receive it.
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let asked = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let host = match asked.port() {
            Some(port) => format!("{}:{port}", asked.host_str().unwrap()),
            None => asked.host_str().unwrap().to_owned(),
        };
        // Cut the text rather than the parsed URL: what a test sends is sent byte by byte.
        let origin = asked.origin().ascii_serialization();
        let rest = url.get(origin.len()..).unwrap_or("/");
        self.client
            .request(method, format!("http://{}{rest}", self.address))
            .header(HOST, host)
    }

    pub async fn get(&self, url: &str) -> Answer {
        Answer::of(self.request(Method::GET, url)).await
    }

    pub async fn post_form<K: AsRef<str>, V: AsRef<str>>(
        &self,
        url: &str,
        fields: &[(K, V)],
    ) -> Answer {
        Answer::of(self.request(Method::POST, url).form(&pairs(fields))).await
    }

    pub async fn post_json(&self, url: &str, body: &serde_json::Value) -> Answer {
        Answer::of(self.request(Method::POST, url).json(body)).await
    }
}

pub(super) fn pairs<K: AsRef<str>, V: AsRef<str>>(fields: &[(K, V)]) -> Vec<(&str, &str)> {
    fields
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()))
        .collect()
}
