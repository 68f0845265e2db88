//! A browser without scripts, and the person in front of it.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use url::Url;

use super::answer::Answer;
use super::cookies::{Cookie, CookieJar};
use super::forms::Form;
use super::tenant::{TestTenant, TestUser};
use super::wire::Wire;

/// More redirects than this is a loop.
const MOST_STEPS: usize = 20;

/// Keeps cookies, follows redirects as long as they stay with us, submits forms.
#[derive(Debug, Clone)]
pub struct Browser {
    wire: Wire,
    jar: Arc<Mutex<CookieJar>>,
    user: Option<TestUser>,
}

/// Where a walk came to a rest.
#[derive(Debug, Clone)]
pub enum Page {
    /// One of our pages.
    Ours { url: Url, answer: Answer },
    /// A redirect that leaves us: to the application, with its code or error.
    Left { location: Url, answer: Answer },
}

/// What a person answers to the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allow,
    Deny,
}

impl Decision {
    fn value(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl Page {
    #[track_caller]
    pub fn answer(&self) -> &Answer {
        match self {
            Self::Ours { answer, .. } | Self::Left { answer, .. } => answer,
        }
    }

    #[track_caller]
    pub fn html(&self) -> &str {
        match self {
            Self::Ours { answer, .. } => &answer.body,
            Self::Left { location, .. } => panic!("the browser left for {location}"),
        }
    }

    /// Where the browser was sent away to.
    #[track_caller]
    pub fn location(&self) -> &Url {
        match self {
            Self::Left { location, .. } => location,
            Self::Ours { url, answer } => panic!("still at {url}: {answer:?}"),
        }
    }

    pub fn is_login(&self) -> bool {
        self.find_form(|form| form.has("username") && form.has("password"))
            .is_some()
    }

    pub fn is_consent(&self) -> bool {
        self.find_form(|form| form.has_button("decision", "allow"))
            .is_some()
    }

    /// An error page: ours, and nothing to fill in that would go on.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Ours { answer, .. } if answer.status.as_u16() >= 400)
    }

    #[track_caller]
    pub fn login_form(&self) -> Form {
        self.find_form(|form| form.has("username"))
            .unwrap_or_else(|| panic!("no login form: {self:?}"))
    }

    #[track_caller]
    pub fn consent_form(&self) -> Form {
        self.find_form(|form| form.has_button("decision", "allow"))
            .unwrap_or_else(|| panic!("no consent form: {self:?}"))
    }

    /// With the button pressed.
    #[track_caller]
    pub fn sign_out_form(&self) -> Form {
        self.find_button("decision", "sign_out")
            .unwrap_or_else(|| panic!("nothing to sign out with: {self:?}"))
            .press("decision", "sign_out")
    }

    /// Where the button leads that takes an error back to the application.
    pub fn back_link(&self) -> Option<Url> {
        let Self::Ours { url, answer } = self else {
            return None;
        };
        let document = scraper::Html::parse_document(&answer.body);
        let selector = scraper::Selector::parse("p.back a").unwrap();
        let href = document.select(&selector).next()?.attr("href")?;
        Some(url.join(href).unwrap())
    }

    /// The form with this button, if there is one.
    pub fn find_button(&self, name: &str, value: &str) -> Option<Form> {
        self.find_form(|form| form.has_button(name, value))
    }

    pub(super) fn find_form(&self, is_wanted: impl Fn(&Form) -> bool) -> Option<Form> {
        match self {
            Self::Ours { url, answer } => Form::all(&answer.body, url)
                .into_iter()
                .find(|form| is_wanted(form)),
            Self::Left { .. } => None,
        }
    }
}

impl Browser {
    pub fn new(wire: Wire) -> Self {
        Self {
            wire,
            jar: Arc::default(),
            user: None,
        }
    }

    /// The person who sits here.
    pub fn for_user(mut self, user: TestUser) -> Self {
        self.user = Some(user);
        self
    }

    /// The same browser (one cookie jar), reaching another replica.
    pub fn through(&self, wire: Wire) -> Self {
        Self {
            wire,
            jar: Arc::clone(&self.jar),
            user: self.user.clone(),
        }
    }

    pub(super) fn user(&self) -> Option<&TestUser> {
        self.user.as_ref()
    }

    pub fn cookies(&self) -> Vec<Cookie> {
        self.jar.lock().unwrap().cookies().to_vec()
    }

    /// Opens a URL as a link in an application does, and follows it.
    pub async fn open(&self, url: &str) -> Page {
        let url = Url::parse(url).unwrap();
        let answer = self.send(Method::GET, &url, None, "none").await;
        self.follow(url, answer).await
    }

    /// Opens a URL as a link on a page of somebody else does.
    pub async fn open_from_another_site(&self, url: &str) -> Page {
        let url = Url::parse(url).unwrap();
        let answer = self.send(Method::GET, &url, None, "cross-site").await;
        self.follow_from(url, answer, "cross-site").await
    }

    /// A form on a page of somebody else: `SameSite=Lax` cookies stay at home, until a redirect
    /// makes it a GET.
    pub async fn post_from_another_site(&self, url: &str, fields: &[(String, String)]) -> Page {
        let url = Url::parse(url).unwrap();
        let request = self
            .wire
            .request(Method::POST, url.as_str())
            .header("accept", "text/html,application/xhtml+xml")
            .header("origin", "https://somebody-else.example")
            .header("sec-fetch-site", "cross-site")
            .form(fields);
        let answer = Answer::of(request).await;
        self.jar.lock().unwrap().store(&url, &answer.headers);
        self.follow_from(url, answer, "cross-site").await
    }

    /// Posts a form with our cookies and exactly these headers, as a forger would like to.
    pub async fn submit_with(&self, form: &Form, headers: &[(&str, &str)]) -> Answer {
        let mut request = self
            .wire
            .request(Method::POST, form.action.as_str())
            .form(&form.fields);
        if let Some(cookies) = self.jar.lock().unwrap().header_for(&form.action) {
            request = request.header("cookie", cookies);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request).await
    }

    /// Puts a cookie there that the server did not set.
    pub fn plant_cookie(&self, url: &str, name: &str, value: &str) {
        self.jar
            .lock()
            .unwrap()
            .plant(&Url::parse(url).unwrap(), name, value);
    }

    /// A cookie by its name.
    pub fn cookie(&self, name: &str) -> Option<Cookie> {
        self.cookies()
            .into_iter()
            .find(|cookie| cookie.name == name)
    }

    /// Submits a form of one of our pages.
    pub async fn submit(&self, form: &Form) -> Page {
        let answer = self.submit_once(form).await;
        self.follow(form.action.clone(), answer).await
    }

    /// Submits a form and looks at the very answer, redirects not followed.
    pub async fn submit_once(&self, form: &Form) -> Answer {
        assert_eq!(form.method, "post", "our forms are posted");
        self.send(
            Method::POST,
            &form.action,
            Some(&form.fields),
            "same-origin",
        )
        .await
    }

    pub async fn log_in(&self, page: &Page, username: &str, password: &str) -> Page {
        self.submit(
            &page
                .login_form()
                .fill("username", username)
                .fill("password", password),
        )
        .await
    }

    pub async fn decide(&self, page: &Page, decision: Decision) -> Page {
        self.submit(&page.consent_form().press("decision", decision.value()))
            .await
    }

    /// The person says so on our own page.
    pub async fn sign_out(&self, tenant: &TestTenant) {
        let page = self.open(&tenant.url("logout")).await;
        let gone = self.press_sign_out(&page).await;
        assert!(gone.html().contains("You are signed out"), "{gone:?}");
    }

    /// The page asks whether; where this leads, its caller knows.
    pub async fn press_sign_out(&self, page: &Page) -> Page {
        self.submit(&page.sign_out_form()).await
    }

    /// Opens a URL and does what a willing person would, until we are left or told of an error.
    pub async fn walk(&self, url: &str) -> Page {
        self.walk_and(url, Decision::Allow).await
    }

    /// As `walk`, with this answer to the consent page.
    pub async fn walk_and(&self, url: &str, decision: Decision) -> Page {
        let mut page = self.open(url).await;
        for _ in 0..MOST_STEPS {
            page = if page.is_error() {
                return page;
            } else if page.is_login() {
                let user = self
                    .user
                    .as_ref()
                    .expect("a login page, and nobody in front of this browser");
                self.log_in(&page, &user.username, &user.password).await
            } else if page.is_consent() {
                self.decide(&page, decision).await
            } else {
                return page;
            };
        }
        panic!("the pages go in a circle: {page:?}");
    }

    async fn follow(&self, url: Url, answer: Answer) -> Page {
        self.follow_from(url, answer, "same-origin").await
    }

    /// Fetch Metadata §2.3: the whole chain of redirects keeps the site that it began at.
    async fn follow_from(&self, mut url: Url, mut answer: Answer, site: &str) -> Page {
        for _ in 0..MOST_STEPS {
            if !answer.status.is_redirection() {
                return Page::Ours { url, answer };
            }
            // RFC 9700 §4.12: after a POST only 303 is sure to become a GET.
            assert!(matches!(answer.status.as_u16(), 302 | 303), "{answer:?}");
            let location = url.join(answer.header("location")).unwrap();
            if location.origin() != url.origin() {
                return Page::Left { location, answer };
            }
            answer = self.send(Method::GET, &location, None, site).await;
            url = location;
        }
        panic!("redirects go in a circle: {answer:?}");
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        fields: Option<&[(String, String)]>,
        site: &str,
    ) -> Answer {
        let mut request = self
            .wire
            .request(method, url.as_str())
            .header("accept", "text/html,application/xhtml+xml")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-site", site);
        if let Some(cookies) = self.jar.lock().unwrap().header_for(url) {
            request = request.header("cookie", cookies);
        }
        if let Some(fields) = fields {
            request = request
                .header("origin", url.origin().ascii_serialization())
                .form(fields);
        }
        let answer = Answer::of(request).await;
        self.jar.lock().unwrap().store(url, &answer.headers);
        answer
    }
}
