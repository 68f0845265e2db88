//! A client that behaves well: it keeps the newest token it knows, sends the same one again when no answer
//! came, and starts over when its code's answer was lost. Now and then it is robbed, or signs out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use url::Url;

use super::history::{Event, Line, Operation, Outcome, Recorder, TokenId};
use super::randomness::Randomness;
use super::replica::Place;
use crate::harness::{AuthorizationRequest, OAuthClient, ResourceServer, VERIFIER};

/// Longer than the server ever takes: a request that is given up here is not at work there any more.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a client remembers of ended sessions, to ask for them again.
const MOST_GRAVES: usize = 40;
/// Sessions that are left alone, to be woken when all is over.
const MOST_SLEEPERS: usize = 40;

/// What all clients of a run share.
#[derive(Debug)]
pub struct Scene {
    pub recorder: Recorder,
    pub places: Vec<Arc<Place>>,
    pub oauth: OAuthClient,
    /// Of the browser in which the person has signed in and allowed.
    pub cookie: String,
    pub is_over: AtomicBool,
}

#[derive(Debug)]
pub struct HonestClient {
    scene: Arc<Scene>,
    /// Its own, since there is a limit to how often one may ask about dead tokens.
    resource_server: ResourceServer,
    random: Randomness,
    graves: VecDeque<Session>,
    sleepers: Vec<Session>,
}

/// What a client knows of one sign-in.
#[derive(Debug, Clone)]
struct Session {
    number: u64,
    /// Oldest first.
    refresh_tokens: Vec<String>,
    access_token: String,
}

/// Tokens, as far as they came.
struct Got {
    outcome: Outcome,
    tokens: Option<(String, String)>,
}

impl HonestClient {
    pub fn new(scene: Arc<Scene>, resource_server: ResourceServer, seed: u64) -> Self {
        Self {
            scene,
            resource_server,
            random: Randomness::of(seed),
            graves: VecDeque::new(),
            sleepers: Vec::new(),
        }
    }

    /// One session after the other until the run is over; then every session that was left alone must
    /// still live, and every one that ended must still be dead.
    pub async fn live(mut self) {
        while !self.is_over() {
            self.begin_and_end_a_session().await;
        }
        for mut sleeper in std::mem::take(&mut self.sleepers) {
            self.refresh(&mut sleeper).await;
            let place = self.anywhere();
            self.introspect(&sleeper, &place).await;
        }
        for grave in std::mem::take(&mut self.graves) {
            self.ask_for_the_dead(&grave).await;
        }
    }

    async fn begin_and_end_a_session(&mut self) {
        let Some(mut session) = self.begin().await else {
            return;
        };
        for _ in 0..3 + self.random.below(30) {
            if !self.refresh(&mut session).await {
                return;
            }
            if self.random.once_in(3) {
                let place = self.anywhere();
                self.introspect(&session, &place).await;
            }
            if self.random.once_in(6)
                && let Some(grave) = self.graves.pop_front()
            {
                self.ask_for_the_dead(&grave).await;
                self.graves.push_back(grave);
            }
            if self.is_over() {
                break;
            }
        }
        match self.random.below(4) {
            0 | 1 => self.sign_out(session).await,
            2 => self.is_robbed(session).await,
            _ => self.fall_asleep(session),
        }
    }

    /// Signs in and redeems the code; once in a while a second party redeems it too.
    async fn begin(&mut self) -> Option<Session> {
        let code = self.code().await?;
        let number = self.scene.recorder.next_session();
        let mut session = Session {
            number,
            refresh_tokens: Vec::new(),
            access_token: String::new(),
        };
        if self.random.once_in(20) {
            let (here, there) = self.both();
            let (one, other) = tokio::join!(
                self.redeem(number, &code, &here),
                self.redeem(number, &code, &there)
            );
            let is_known_to_be_over = [one.outcome, other.outcome].contains(&Outcome::Refused);
            if let Some(tokens) = one.tokens.or(other.tokens)
                && is_known_to_be_over
            {
                session.keep(tokens);
                self.bury(session).await;
            }
            return None;
        }
        let place = self.anywhere();
        // Without an answer the code may be spent: a second try would look like theft.
        session.keep(self.redeem(number, &code, &place).await.tokens?);
        Some(session)
    }

    /// A code for the person who is signed in and has allowed it before.
    async fn code(&self) -> Option<String> {
        let request: AuthorizationRequest = self.scene.oauth.authorization_request();
        loop {
            if self.is_over() {
                return None;
            }
            if let Some(code) = self.walk(&request).await {
                return Some(code);
            }
            self.wait_a_moment().await;
        }
    }

    /// `None`: nobody answered, or only to say that it does not work now.
    async fn walk(&self, request: &AuthorizationRequest) -> Option<String> {
        let place = self.place_of(self.scene.recorder.now());
        let mut url = Url::parse(&request.url()).unwrap();
        for _ in 0..5 {
            let asked = place
                .wire
                .request(Method::GET, url.as_str())
                .header("cookie", &self.scene.cookie)
                .header("accept", "text/html")
                .header("sec-fetch-site", "none")
                .timeout(PATIENCE);
            let answer = asked.send().await.ok()?;
            let status = answer.status().as_u16();
            if matches!(status, 503 | 429) {
                return None;
            }
            let location = answer.headers().get("location").cloned();
            let Some(location) = location else {
                panic!("no code, but {status}: {:?}", answer.text().await);
            };
            url = url.join(location.to_str().unwrap()).unwrap();
            if url.as_str().starts_with(&self.scene.oauth.redirect_uri) {
                let mut pairs = url.query_pairs();
                let code = pairs.find(|(name, _)| name == "code");
                // `temporarily_unavailable` may be told to the application as well.
                return code.map(|(_, code)| code.into_owned());
            }
        }
        panic!("redirects go in a circle: {url}");
    }

    async fn redeem(&self, session: u64, code: &str, place: &Place) -> Got {
        let redirect_uri = self.scene.oauth.redirect_uri.clone();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", &redirect_uri),
        ];
        self.ask_for_tokens(Operation::Redeem, session, code, &fields, place)
            .await
    }

    /// Until it has an answer that says something; false when that is a refusal. Once in a while two of its
    /// processes refresh at the same time.
    async fn refresh(&mut self, session: &mut Session) -> bool {
        loop {
            let token = session.newest().to_owned();
            let (here, there) = self.both();
            let is_twofold = self.random.once_in(8);
            let one = self.present(Operation::Refresh, session.number, &token, &here);
            let got = if is_twofold {
                let other = self.present(Operation::Refresh, session.number, &token, &there);
                let (one, other) = tokio::join!(one, other);
                if one.tokens.is_some() { one } else { other }
            } else {
                one.await
            };
            match (got.outcome, got.tokens) {
                (_, Some(tokens)) => {
                    session.keep(tokens);
                    return true;
                }
                (Outcome::Lost | Outcome::Unavailable | Outcome::Limited, None) => {
                    self.wait_a_moment().await;
                }
                _ => return false,
            }
        }
    }

    async fn sign_out(&mut self, session: Session) {
        loop {
            let place = self.anywhere();
            let token = session.newest();
            let request = self.to(&place).post_request("revoke", &[("token", token)]);
            let revoked = |status, _: &Value| (status == 200).then_some(Outcome::Done);
            let (outcome, _) = self
                .send(
                    Operation::Revoke,
                    session.number,
                    token,
                    request,
                    &place,
                    revoked,
                )
                .await;
            if outcome == Outcome::Done {
                self.introspect(&session, &place).await;
                return self.bury(session).await;
            }
            if matches!(outcome, Outcome::Fault(_)) {
                return;
            }
            self.wait_a_moment().await;
        }
    }

    /// A thief sends a token whose successor has long been used: the family is over for both.
    async fn is_robbed(&mut self, session: Session) {
        let Some(spent) = session.refresh_tokens.len().checked_sub(3) else {
            return self.fall_asleep(session);
        };
        let token = session.refresh_tokens[spent].clone();
        loop {
            let place = self.anywhere();
            let got = self
                .present(Operation::Replay, session.number, &token, &place)
                .await;
            match got.outcome {
                Outcome::Lost | Outcome::Unavailable | Outcome::Limited => {
                    self.wait_a_moment().await;
                }
                _ => return self.bury(session).await,
            }
        }
    }

    fn fall_asleep(&mut self, session: Session) {
        if self.sleepers.len() < MOST_SLEEPERS {
            self.sleepers.push(session);
        }
    }

    async fn bury(&mut self, session: Session) {
        self.ask_for_the_dead(&session).await;
        if self.graves.len() == MOST_GRAVES {
            self.graves.pop_front();
        }
        self.graves.push_back(session);
    }

    /// Nothing that ended may come back, whoever is asked.
    async fn ask_for_the_dead(&mut self, session: &Session) {
        let (here, there) = self.both();
        self.present(Operation::Refresh, session.number, session.newest(), &here)
            .await;
        self.introspect(session, &there).await;
    }

    async fn introspect(&self, session: &Session, place: &Place) {
        let token = &session.access_token;
        let url = format!("{}/introspect", self.scene.oauth.issuer);
        let request = place
            .wire
            .request(Method::POST, &url)
            .basic_auth(
                &self.resource_server.client_id,
                Some(&self.resource_server.client_secret),
            )
            .form(&[("token", token)]);
        let told = |status, body: &Value| match (status, body["active"].as_bool()) {
            (200, Some(true)) => Some(Outcome::Active),
            (200, Some(false)) => Some(Outcome::Inactive),
            _ => None,
        };
        self.send(
            Operation::Introspect,
            session.number,
            token,
            request,
            place,
            told,
        )
        .await;
    }

    async fn present(&self, operation: Operation, session: u64, token: &str, place: &Place) -> Got {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.ask_for_tokens(operation, session, token, &fields, place)
            .await
    }

    async fn ask_for_tokens(
        &self,
        operation: Operation,
        session: u64,
        presented: &str,
        fields: &[(&str, &str)],
        place: &Place,
    ) -> Got {
        let request = self.to(place).post_request("token", fields);
        let told = |status, body: &Value| match (status, body["error"].as_str()) {
            (400, Some("invalid_grant")) => Some(Outcome::Refused),
            (200, None) => body["refresh_token"]
                .as_str()
                .map(|token| Outcome::Granted(TokenId::of(token))),
            _ => None,
        };
        let (outcome, body) = self
            .send(operation, session, presented, request, place, told)
            .await;
        let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let tokens = matches!(outcome, Outcome::Granted(_))
            .then(|| (member("refresh_token"), member("access_token")));
        Got { outcome, tokens }
    }

    /// Sends, and writes what came of it.
    async fn send(
        &self,
        operation: Operation,
        session: u64,
        presented: &str,
        request: RequestBuilder,
        place: &Place,
        told: impl Fn(u16, &Value) -> Option<Outcome>,
    ) -> (Outcome, Value) {
        let recorder = &self.scene.recorder;
        let (start, asked) = (recorder.now(), place.asked());
        let answer = async {
            let answer = request.timeout(PATIENCE).send().await.ok()?;
            // An answer that was cut off is none.
            let status = answer.status().as_u16();
            Some((status, answer.bytes().await.ok()?))
        };
        let (outcome, body) = match answer.await {
            None => (Outcome::Lost, Value::Null),
            Some((503, _)) => (Outcome::Unavailable, Value::Null),
            Some((429, _)) => (Outcome::Limited, Value::Null),
            Some((status, body)) => {
                let body = serde_json::from_slice(&body).unwrap_or_default();
                let outcome = told(status, &body).unwrap_or(Outcome::Fault(status));
                (outcome, body)
            }
        };
        recorder.write(&Line::Event(Event {
            start,
            end: recorder.now(),
            session,
            asked,
            operation,
            presented: TokenId::of(presented),
            outcome,
        }));
        (outcome, body)
    }

    fn to(&self, place: &Place) -> OAuthClient {
        self.scene.oauth.clone().through(place.wire.clone())
    }

    fn anywhere(&mut self) -> Arc<Place> {
        let number = self.random.number();
        self.place_of(number)
    }

    fn both(&mut self) -> (Arc<Place>, Arc<Place>) {
        let number = self.random.number();
        (self.place_of(number), self.place_of(number + 1))
    }

    fn place_of(&self, number: u64) -> Arc<Place> {
        let places = &self.scene.places;
        let number = usize::try_from(number % 1_000_000).unwrap();
        Arc::clone(&places[number % places.len()])
    }

    fn is_over(&self) -> bool {
        self.scene.is_over.load(Ordering::Relaxed)
    }

    /// As a client does that was told to try later.
    async fn wait_a_moment(&self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Session {
    fn newest(&self) -> &str {
        self.refresh_tokens.last().map_or("", String::as_str)
    }

    fn keep(&mut self, (refresh_token, access_token): (String, String)) {
        self.refresh_tokens.push(refresh_token);
        self.access_token = access_token;
    }
}
