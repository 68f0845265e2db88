//! A device without a browser (RFC 8628), and the person who types its code elsewhere.

use serde_json::{Value, json};

use super::answer::Answer;
use super::browser::{Browser, Decision, Page};
use super::forms::Form;
use super::oauth_client::OAuthClient;
use super::tenant::TestTenant;

pub const DEVICE_CODE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What a device was told.
#[derive(Debug, Clone)]
pub struct DeviceCodes {
    pub device_code: String,
    /// As it is shown.
    pub user_code: String,
    pub body: Value,
}

impl TestTenant {
    /// A program on a television: no secret, no redirect URI, entered by an administrator.
    pub async fn device_client(&self) -> OAuthClient {
        let metadata = json!({
            "client_name": "Notes on the television",
            "grant_types": [DEVICE_CODE_GRANT, "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        self.client(&metadata).await
    }

    /// The page as it is opened by hand.
    pub async fn device_form(&self, browser: &Browser) -> Form {
        browser.open(&self.url("device")).await.device_form()
    }

    /// The person types this code, and signs in where asked to.
    pub async fn type_code(&self, browser: &Browser, user_code: &str) -> Page {
        let form = self.device_form(browser).await;
        browser.submit(&form.fill("user_code", user_code)).await
    }

    /// The whole way of the person, with this answer.
    pub async fn answer_device(
        &self,
        browser: &Browser,
        codes: &DeviceCodes,
        decision: Decision,
    ) -> Page {
        let page = self.type_code(browser, &codes.user_code).await;
        let page = if page.is_login() {
            browser.sign_in(&page).await
        } else {
            page
        };
        browser.decide(&page, decision).await
    }
}

impl OAuthClient {
    /// RFC 8628 §3.1, with the client's resource and these parameters.
    pub async fn ask_for_device(&self, more: &[(&str, &str)]) -> Answer {
        let mut fields = more.to_vec();
        let resource = self.resource.as_deref();
        fields.extend(resource.map(|resource| ("resource", resource)));
        self.post("device_authorization", &fields).await
    }

    pub async fn device_codes(&self) -> DeviceCodes {
        self.ask_for_device(&[]).await.device_codes()
    }

    /// RFC 8628 §3.4.
    pub async fn poll(&self, codes: &DeviceCodes) -> Answer {
        self.poll_with(&codes.device_code).await
    }

    pub async fn poll_with(&self, device_code: &str) -> Answer {
        self.token(&[
            ("grant_type", DEVICE_CODE_GRANT),
            ("device_code", device_code),
        ])
        .await
    }
}

impl Answer {
    /// RFC 8628 §3.2.
    #[track_caller]
    pub fn device_codes(&self) -> DeviceCodes {
        assert_eq!(self.status.as_u16(), 200, "{self:?}");
        DeviceCodes {
            device_code: self.text("device_code"),
            user_code: self.text("user_code"),
            body: self.json(),
        }
    }
}

impl Page {
    #[track_caller]
    pub fn device_form(&self) -> Form {
        self.find_form(|form| form.has("user_code"))
            .unwrap_or_else(|| panic!("no form for a code: {self:?}"))
    }
}

impl Browser {
    /// Whoever sits here signs in on this page.
    pub async fn sign_in(&self, page: &Page) -> Page {
        let user = self.user().expect("nobody in front of this browser");
        self.log_in(page, &user.username, &user.password).await
    }
}
