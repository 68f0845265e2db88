//! What came back, read whole, with the questions that tests ask of it.

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use url::Url;

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let status = response.status();
        let headers = response.headers().clone();
        let body = response.bytes().await.unwrap();
        Self {
            status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// The text of a header; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> Url {
        Url::parse(self.header("location"))
            .unwrap_or_else(|error| panic!("no location ({error}) in {self:?}"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}) in {self:?}"))
    }

    /// A member of the JSON body that is a text.
    pub fn text(&self, member: &str) -> String {
        let body = self.json();
        body[member]
            .as_str()
            .unwrap_or_else(|| panic!("no text `{member}` in {self:?}"))
            .to_owned()
    }

    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    /// A page of ours that tells the person, with the reference that the log line has too, and leads
    /// nowhere by itself.
    #[track_caller]
    pub fn is_shown(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert!(
            self.header("content-type").starts_with("text/html"),
            "{self:?}"
        );
        assert!(!self.headers.contains_key("location"), "{self:?}");
        assert!(!self.headers.contains_key("refresh"), "{self:?}");
        assert!(self.body.contains("<dt>Reference</dt>"), "{self:?}");
    }

    /// RFC 6749 §5.2: status, error code, a description, and nothing that may be stored.
    #[track_caller]
    pub fn is_refused(&self, status: u16, error: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let body = self.json();
        assert_eq!(body["error"], error, "{self:?}");
        assert!(
            body["error_description"].is_string(),
            "an error says what to do: {self:?}"
        );
        assert!(
            self.header("cache-control").contains("no-store"),
            "{self:?}"
        );
    }
}
