//! A protected MCP server that asks what a token is worth.

use serde_json::Value;

use super::answer::Answer;
use super::oauth_client::basic;
use super::wire::Wire;

/// Introspects with the credential of one resource.
#[derive(Debug, Clone)]
pub struct ResourceServer {
    pub issuer: String,
    pub wire: Wire,
    pub client_id: String,
    pub client_secret: String,
}

impl ResourceServer {
    pub async fn introspect_answer(&self, token: &str) -> Answer {
        let url = format!("{}/introspect", self.issuer.trim_end_matches('/'));
        let request = self
            .wire
            .request(reqwest::Method::POST, &url)
            .header("authorization", basic(&self.client_id, &self.client_secret))
            .form(&[("token", token)]);
        Answer::of(request).await
    }

    /// RFC 7662 §2.2: the answer's members; just `active` for a token that is nothing to us.
    pub async fn introspect(&self, token: &str) -> Value {
        self.introspect_answer(token)
            .await
            .expect_status(200)
            .json()
    }

    pub async fn accepts(&self, token: &str) -> bool {
        self.introspect(token).await["active"].as_bool().unwrap()
    }
}
