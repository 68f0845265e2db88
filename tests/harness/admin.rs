//! The admin API as an operator's script uses it.

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::Value;

use super::answer::Answer;
use super::wire::Wire;

/// Calls with one admin key.
#[derive(Debug, Clone)]
pub struct AdminApi {
    wire: Wire,
    key: String,
}

impl AdminApi {
    pub fn at(address: SocketAddr, key: &str) -> Self {
        Self {
            wire: Wire::to(address),
            key: key.to_owned(),
        }
    }

    /// The key that goes with every call.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The same API with another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            wire: self.wire.clone(),
            key: key.to_owned(),
        }
    }

    /// The URL of a path such as `/admin/v1/tenants`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.wire.address())
    }

    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self
            .wire
            .request(method, &self.url(path))
            .bearer_auth(&self.key);
        Answer::of(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// With an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.wire.request(Method::POST, &self.url(path));
        let request = request.bearer_auth(&self.key).json(body);
        Answer::of(request.header("Idempotency-Key", key)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// Creates, and gives the object.
    #[track_caller]
    pub fn create<'a>(
        &'a self,
        path: &'a str,
        body: &'a Value,
    ) -> impl Future<Output = Value> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.post(path, body).await;
            assert_eq!(
                answer.status.as_u16(),
                201,
                "POST {path} {body} from {caller}: {answer:?}"
            );
            answer.json()
        }
    }
}
