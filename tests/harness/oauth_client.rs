//! An application that asks for tokens: builds requests, keeps its verifier, redeems and refreshes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::answer::Answer;
use super::browser::{Browser, Decision, Page};
use super::client_key::{ASSERTION_TYPE, AssertionSigner};
use super::dpop::DpopSigner;
use super::wire::{Wire, pairs};

/// RFC 7636 §4.1: 43 characters or more. The same each time: a test repeats exactly.
pub const VERIFIER: &str = "the-code-verifier-of-the-tests-0123456789-abcdef";
const STATE: &str = "state of the tests";

/// A client with its ways of authenticating and being returned to.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    pub issuer: String,
    pub wire: Wire,
    pub client_id: String,
    pub authentication: ClientAuthentication,
    pub redirect_uri: String,
    /// What it names as `resource`, if anything.
    pub resource: Option<String>,
    /// Its own key, by which it proves each request (RFC 9449).
    pub dpop: Option<DpopSigner>,
}

/// How the client proves itself at the token endpoint.
#[derive(Debug, Clone)]
pub enum ClientAuthentication {
    None,
    Basic(String),
    Post(String),
    /// RFC 7523 §2.2, a new assertion for each request.
    Assertion(AssertionSigner),
}

/// A request to the authorization endpoint, parameter by parameter.
#[derive(Debug, Clone)]
pub struct AuthorizationRequest {
    client: OAuthClient,
    parameters: Vec<(String, String)>,
}

/// Where an authorization request ended.
#[derive(Debug, Clone)]
pub struct Authorized {
    pub page: Page,
    client: OAuthClient,
}

/// A code with what it takes to redeem it.
#[derive(Debug, Clone)]
pub struct IssuedCode {
    pub code: String,
    pub verifier: String,
    pub redirect_uri: String,
}

impl IssuedCode {
    /// The same, said to have gone elsewhere.
    pub fn sent_to(&self, redirect_uri: &str) -> Self {
        Self {
            redirect_uri: redirect_uri.to_owned(),
            ..self.clone()
        }
    }

    pub fn with_verifier(&self, verifier: &str) -> Self {
        Self {
            verifier: verifier.to_owned(),
            ..self.clone()
        }
    }

    pub fn with_code(&self, code: &str) -> Self {
        Self {
            code: code.to_owned(),
            ..self.clone()
        }
    }
}

/// A token answer that is one.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub body: Value,
}

impl OAuthClient {
    pub fn with_redirect_uri(mut self, redirect_uri: &str) -> Self {
        redirect_uri.clone_into(&mut self.redirect_uri);
        self
    }

    pub fn with_resource(mut self, resource: Option<&str>) -> Self {
        self.resource = resource.map(str::to_owned);
        self
    }

    pub fn with_authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// The same client, talking to another replica.
    pub fn through(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    pub fn secret(&self) -> Option<&str> {
        match &self.authentication {
            ClientAuthentication::None | ClientAuthentication::Assertion(_) => None,
            ClientAuthentication::Basic(secret) | ClientAuthentication::Post(secret) => {
                Some(secret)
            }
        }
    }

    fn url(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.issuer.trim_end_matches('/'))
    }

    /// A request that is right in everything; tests change what they are about.
    pub fn authorization_request(&self) -> AuthorizationRequest {
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
            ("state", STATE),
        ];
        let mut request = AuthorizationRequest {
            client: self.clone(),
            parameters: parameters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        if let Some(resource) = &self.resource {
            request = request.and("resource", resource);
        }
        request
    }

    /// The whole sign-in with a willing person.
    pub async fn authorize(&self, browser: &Browser) -> Authorized {
        self.authorization_request().walk(browser).await
    }

    /// Sign-in and redemption in one.
    pub async fn tokens_of(&self, browser: &Browser) -> Tokens {
        let code = self.authorize(browser).await.code();
        self.redeem(&code).await.tokens()
    }

    /// Likewise, with these scopes.
    pub async fn tokens_for(&self, browser: &Browser, scope: &str) -> Tokens {
        let request = self.authorization_request().with("scope", scope);
        let code = request.walk(browser).await.code();
        self.redeem(&code).await.tokens()
    }

    /// The code that this person's consent gets.
    pub async fn code_from(&self, browser: &Browser) -> IssuedCode {
        self.authorize(browser).await.code()
    }

    /// OAuth 2.1 §3.2.4: a code that is not good, for whatever reason, is one answer.
    pub async fn cannot_redeem(&self, code: &IssuedCode) {
        self.redeem(code).await.is_refused(400, "invalid_grant");
    }

    /// The same for a refresh token.
    pub async fn cannot_refresh(&self, refresh_token: &str) {
        self.refresh(refresh_token)
            .await
            .is_refused(400, "invalid_grant");
    }

    pub async fn redeem(&self, code: &IssuedCode) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", &code.code),
            ("code_verifier", &code.verifier),
            ("redirect_uri", &code.redirect_uri),
        ])
        .await
    }

    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ])
        .await
    }

    pub async fn client_credentials(&self, scope: Option<&str>) -> Answer {
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend(
            self.resource
                .as_deref()
                .map(|resource| ("resource", resource)),
        );
        fields.extend(scope.map(|scope| ("scope", scope)));
        self.token(&fields).await
    }

    pub async fn revoke(&self, token: &str) -> Answer {
        self.post("revoke", &[("token", token)]).await
    }

    /// What a client may not do: introspection is for resource servers.
    pub async fn introspect(&self, token: &str) -> Answer {
        self.post("introspect", &[("token", token)]).await
    }

    /// The token endpoint with these fields and this client's authentication.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.post("token", fields).await
    }

    pub async fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> Answer {
        Answer::of(self.post_request(endpoint, fields)).await
    }

    /// The request itself, for a test that adds to it.
    pub fn post_request(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let mut request = self.wire.request(Method::POST, &self.url(endpoint));
        if let Some(signer) = &self.dpop {
            request = request.header("dpop", signer.proof("POST", &self.url(endpoint)));
        }
        let mut fields = fields.to_vec();
        let assertion;
        match &self.authentication {
            ClientAuthentication::None => fields.push(("client_id", &self.client_id)),
            ClientAuthentication::Post(secret) => {
                fields.push(("client_id", &self.client_id));
                fields.push(("client_secret", secret));
            }
            ClientAuthentication::Assertion(signer) => {
                assertion = signer.assertion();
                fields.push(("client_id", &self.client_id));
                fields.push(("client_assertion", &assertion));
                fields.push(("client_assertion_type", ASSERTION_TYPE));
            }
            ClientAuthentication::Basic(secret) => {
                return request
                    .header("authorization", basic(&self.client_id, secret))
                    .form(&fields);
            }
        }
        request.form(&fields)
    }
}

impl AuthorizationRequest {
    /// Replaces a parameter, or adds it.
    pub fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(parameter, _)| parameter != name);
        self
    }

    /// Adds a parameter even if it is there: a repeated one.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn client(&self) -> &OAuthClient {
        &self.client
    }

    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    pub fn url(&self) -> String {
        let endpoint = self.client.url("authorize");
        Url::parse_with_params(&endpoint, pairs(&self.parameters))
            .unwrap()
            .into()
    }

    /// One request, redirects not followed.
    pub async fn send(&self) -> Answer {
        Answer::of(
            self.client
                .wire
                .request(Method::GET, &self.url())
                .header("accept", "text/html"),
        )
        .await
    }

    /// Opens it in a browser and stops at the first page, or where the browser leaves.
    pub async fn open(&self, browser: &Browser) -> Page {
        browser.open(&self.url()).await
    }

    /// The whole way with a willing person.
    pub async fn walk(&self, browser: &Browser) -> Authorized {
        Authorized {
            page: browser.walk(&self.url()).await,
            client: self.client.clone(),
        }
    }

    /// What became of it, for a test that walked the way itself.
    pub fn ended_at(&self, page: Page) -> Authorized {
        Authorized {
            page,
            client: self.client.clone(),
        }
    }

    /// The whole way with a person who refuses.
    pub async fn walk_and_deny(&self, browser: &Browser) -> Authorized {
        Authorized {
            page: browser.walk_and(&self.url(), Decision::Deny).await,
            client: self.client.clone(),
        }
    }
}

impl Authorized {
    /// A parameter of the redirect back to the application.
    #[track_caller]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let location = self.page.location();
        location
            .query_pairs()
            .find(|(parameter, _)| parameter == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The code, after checking what every client checks first.
    #[track_caller]
    pub fn code(&self) -> IssuedCode {
        let location = self.page.location();
        assert!(
            location.as_str().starts_with(&self.client.redirect_uri),
            "{location}"
        );
        assert_eq!(
            self.parameter("state").as_deref(),
            Some(STATE),
            "{location}"
        );
        // RFC 9207 §2.4: byte for byte.
        assert_eq!(
            self.parameter("iss").as_deref(),
            Some(self.client.issuer.as_str()),
            "{location}"
        );
        let code = self
            .parameter("code")
            .unwrap_or_else(|| panic!("no code in {location}"));
        IssuedCode {
            code,
            verifier: VERIFIER.to_owned(),
            redirect_uri: self.client.redirect_uri.clone(),
        }
    }

    /// The error that the application was told, with `state` and `iss` beside it.
    #[track_caller]
    pub fn error(&self) -> String {
        let location = self.page.location();
        assert_eq!(
            self.parameter("iss").as_deref(),
            Some(self.client.issuer.as_str()),
            "{location}"
        );
        assert_eq!(self.parameter("code"), None, "{location}");
        self.parameter("error")
            .unwrap_or_else(|| panic!("no error in {location}"))
    }
}

impl Answer {
    /// The tokens of a 200 (RFC 6749 §5.1).
    #[track_caller]
    pub fn tokens(&self) -> Tokens {
        assert_eq!(self.status.as_u16(), 200, "{self:?}");
        let body = self.json();
        // RFC 9449 §5: what is bound to a key says so.
        let is_bound = body["access_token"]
            .as_str()
            .map(|token| jwt_part(token, 1))
            .is_some_and(|claims| claims.get("cnf").is_some());
        let token_type = if is_bound { "DPoP" } else { "Bearer" };
        assert_eq!(body["token_type"], token_type, "{self:?}");
        Tokens {
            access_token: body["access_token"]
                .as_str()
                .expect("an access token")
                .to_owned(),
            refresh_token: body["refresh_token"].as_str().map(str::to_owned),
            body,
        }
    }
}

impl Tokens {
    #[track_caller]
    pub fn refresh_token(&self) -> &str {
        self.refresh_token
            .as_deref()
            .unwrap_or_else(|| panic!("no refresh token in {:?}", self.body))
    }

    /// The access token's claims, read without verifying.
    pub fn claims(&self) -> Value {
        jwt_part(&self.access_token, 1)
    }

    /// The access token's header, read without verifying.
    pub fn header(&self) -> Value {
        jwt_part(&self.access_token, 0)
    }
}

/// RFC 7636 §4.2.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// RFC 6749 §2.3.1: both parts form-encoded; ours have no characters that would change.
pub fn basic(client_id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}")))
}

/// A part of a JWT, read without verifying.
pub fn jwt_part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
