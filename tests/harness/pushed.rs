//! A client that pushes its authorization request first (RFC 9126).

use super::answer::Answer;
use super::oauth_client::AuthorizationRequest;

impl AuthorizationRequest {
    /// Sends it to the pushed authorization request endpoint, with the client's authentication.
    pub async fn push(&self) -> Answer {
        let own = self.parameters().iter();
        let fields: Vec<(&str, &str)> = own
            .filter(|(name, _)| name != "client_id")
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.client().post("par", &fields).await
    }

    /// What is left to say once it was pushed.
    pub async fn pushed(&self) -> Self {
        let answer = self.push().await.expect_status(201);
        self.referring_to(&answer.text("request_uri"))
    }

    /// The client, and what it refers to.
    pub fn referring_to(&self, request_uri: &str) -> Self {
        let names: Vec<String> = self
            .parameters()
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| name != "client_id")
            .collect();
        let bare = names
            .iter()
            .fold(self.clone(), |request, name| request.without(name));
        bare.and("request_uri", request_uri)
    }
}
