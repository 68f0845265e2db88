//! `writ login` and `writ logout`: a person in place of a key, by the device flow (RFC 8628).
//!
//! The admin API says where its people sign in (RFC 9728), that issuer says where its endpoints are (RFC 8414). What is
//! got is kept by [`sign_ins`](super::sign_ins) and renewed when it ends.

use std::time::Duration;

use crypto::SystemClock;
use outbound::operator::{Operator, OperatorAnswer, OperatorCall};
use protocol::Clock as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Host, Url};

use super::failure::{Failure, usage};
use super::show::clean;
use super::sign_ins::{SignIn, SignIns};
use crate::cli::CliError;
use crate::cli::say::{say, warn};

/// What Writ calls this program in its own tenant.
const CLIENT_ID: &str = "writ-cli";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const FORM: &str = "application/x-www-form-urlencoded";
/// A command that takes a while should not lose its token on the way.
const SPARE: i64 = 120;

/// Makes the way to a URL.
pub(super) type Reach<'a> = &'a dyn Fn(&str) -> Result<Operator, CliError>;

/// Signs in, as far as `scope` goes.
pub(super) async fn login(url: &str, scope: &str, reach: Reach<'_>) -> Result<(), CliError> {
    let mut sign_in = discover(url, reach).await?;
    let metadata = metadata(&sign_in.issuer, reach).await?;
    let endpoint = |name: &str| member(&metadata, name, "the issuer's metadata");
    sign_in.token_endpoint = endpoint("token_endpoint")?;
    sign_in.revocation_endpoint = endpoint("revocation_endpoint").ok();
    let fields = [
        ("client_id", CLIENT_ID),
        ("scope", scope),
        ("resource", sign_in.resource.as_str()),
    ];
    let answered = post(&endpoint("device_authorization_endpoint")?, &fields, reach).await?;
    let codes = read(&answered);
    if !answered.is_success() {
        return Err(refused("the sign-in", &answered, &codes));
    }
    let said = |name: &str| member(&codes, name, "the answer of the issuer");
    let page = said("verification_uri_complete").or_else(|_| said("verification_uri"))?;
    warn_of_code(&page, &said("user_code")?);
    let interval = codes.get("interval").and_then(Value::as_u64).unwrap_or(5);
    let tokens = wait(&sign_in, &said("device_code")?, interval, reach).await?;
    sign_in.take(&tokens)?;
    SignIns::open()?.keep(url, &sign_in)?;
    say(&format!("Signed in at {}.", sign_in.issuer));
    Ok(())
}

/// Takes the tokens back and forgets them.
pub(super) async fn logout(url: &str, reach: Reach<'_>) -> Result<(), CliError> {
    let mut sign_ins = SignIns::open()?;
    let Some(sign_in) = sign_ins.find(url) else {
        say(&format!("Nobody is signed in at {url}."));
        return Ok(());
    };
    sign_ins.forget(url)?;
    if let (Some(endpoint), Some(token)) = (&sign_in.revocation_endpoint, &sign_in.refresh_token) {
        let fields = [("client_id", CLIENT_ID), ("token", token.expose_secret())];
        let answered = post(endpoint, &fields, reach).await?;
        if !answered.is_success() {
            return Err(refused(
                "taking back the tokens",
                &answered,
                &read(&answered),
            ));
        }
    }
    say("Signed out.");
    Ok(())
}

/// The token of whoever signed in there, renewed if need be.
pub(super) async fn access_token(
    url: &str,
    reach: Reach<'_>,
) -> Result<Option<(SecretString, String)>, CliError> {
    if !SignIns::exist() {
        return Ok(None);
    }
    let mut sign_ins = SignIns::open()?;
    let Some(mut sign_in) = sign_ins.find(url) else {
        return Ok(None);
    };
    if sign_in.expires_at - now() < SPARE {
        renew(&mut sign_in, reach).await?;
        sign_ins.keep(url, &sign_in)?;
    }
    Ok(Some((sign_in.access_token, "`writ login`".to_owned())))
}

async fn renew(sign_in: &mut SignIn, reach: Reach<'_>) -> Result<(), CliError> {
    let again = || usage("the sign-in has ended: run `writ login`");
    let refresh_token = sign_in.refresh_token.clone().ok_or_else(again)?;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("refresh_token", refresh_token.expose_secret()),
        ("resource", sign_in.resource.as_str()),
    ];
    let answered = post(&sign_in.token_endpoint, &fields, reach).await?;
    let body = read(&answered);
    match body.get("error").and_then(Value::as_str) {
        Some("invalid_grant") => Err(again()),
        _ if !answered.is_success() => Err(refused("renewing the sign-in", &answered, &body)),
        _ => sign_in.take(&body),
    }
}

/// Until the person has answered (RFC 8628 §3.4).
async fn wait(
    sign_in: &SignIn,
    device_code: &str,
    mut interval: u64,
    reach: Reach<'_>,
) -> Result<Value, CliError> {
    let fields = [
        ("grant_type", DEVICE_CODE),
        ("client_id", CLIENT_ID),
        ("device_code", device_code),
        ("resource", sign_in.resource.as_str()),
    ];
    loop {
        tokio::time::sleep(Duration::from_secs(interval)).await;
        let answered = post(&sign_in.token_endpoint, &fields, reach).await?;
        let body = read(&answered);
        match body.get("error").and_then(Value::as_str) {
            None if answered.is_success() => return Ok(body),
            Some("authorization_pending") => {}
            // RFC 8628 §3.5: five seconds more, from then on.
            Some("slow_down") => interval += 5,
            Some("expired_token") => {
                return Err(usage("nobody signed in in time: run `writ login` again"));
            }
            Some("access_denied") => return Err(usage("the sign-in was refused")),
            _ => return Err(refused("the sign-in", &answered, &body)),
        }
    }
}

/// RFC 9728 §3: where the people of an admin API sign in.
async fn discover(url: &str, reach: Reach<'_>) -> Result<SignIn, CliError> {
    const PATH: &str = "/.well-known/oauth-protected-resource";
    let answered = get(&reach(url)?, PATH).await?;
    if !answered.is_success() {
        return Err(usage(format!(
            "nobody signs in at {url}: it has no WRIT_ADMIN_URL, so that keys alone are taken (docs/administrators.md)"
        )));
    }
    let metadata = read(&answered);
    let issuers = metadata
        .get("authorization_servers")
        .and_then(Value::as_array);
    let issuer = issuers
        .and_then(|issuers| issuers.first())
        .and_then(Value::as_str);
    let issuer = issuer.ok_or_else(|| format!("{url} names no issuer to sign in at"))?;
    let resource = member(&metadata, "resource", "the metadata of the admin API")?;
    // RFC 9728 §3.3: else whoever is at a mistyped URL gets tokens that are good at the right one. This machine's own
    // ports are where a tunnel begins.
    if resource.trim_end_matches('/') != url && !is_this_machine(url) {
        let resource = clean(&resource);
        return Err(usage(format!(
            "{url} calls itself {resource}: say --url {resource}"
        )));
    }
    Ok(SignIn {
        issuer: issuer.to_owned(),
        resource,
        token_endpoint: String::new(),
        revocation_endpoint: None,
        access_token: String::new().into(),
        refresh_token: None,
        expires_at: 0,
    })
}

fn is_this_machine(url: &str) -> bool {
    let url = Url::parse(url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// RFC 8414 §3: and where the issuer's endpoints are. It must be the one that was asked for (§3.3).
async fn metadata(issuer: &str, reach: Reach<'_>) -> Result<Value, CliError> {
    let url = Url::parse(issuer).map_err(|_| format!("{} is no issuer", clean(issuer)))?;
    let path = format!(
        "/.well-known/oauth-authorization-server{}",
        url.path().trim_end_matches('/')
    );
    let answered = get(&reach(&url.origin().ascii_serialization())?, &path).await?;
    let metadata = read(&answered);
    if !answered.is_success() || metadata.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(format!("{} does not say where to sign in", clean(issuer)).into());
    }
    Ok(metadata)
}

impl SignIn {
    fn take(&mut self, tokens: &Value) -> Result<(), CliError> {
        let what = "the answer of the token endpoint";
        self.access_token = member(tokens, "access_token", what)?.into();
        if let Ok(token) = member(tokens, "refresh_token", what) {
            self.refresh_token = Some(token.into());
        }
        let lifetime = tokens.get("expires_in").and_then(Value::as_i64);
        self.expires_at = now().saturating_add(lifetime.unwrap_or(0));
        Ok(())
    }
}

async fn get(operator: &Operator, path: &str) -> Result<OperatorAnswer, CliError> {
    call(operator, "GET", path.to_owned(), None).await
}

async fn post(
    endpoint: &str,
    fields: &[(&str, &str)],
    reach: Reach<'_>,
) -> Result<OperatorAnswer, CliError> {
    let url = Url::parse(endpoint).map_err(|_| format!("{} is no endpoint", clean(endpoint)))?;
    let operator = reach(&url.origin().ascii_serialization())?;
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let body = (FORM, form.finish().into_bytes());
    call(&operator, "POST", url.path().to_owned(), Some(body)).await
}

async fn call(
    operator: &Operator,
    method: &'static str,
    path: String,
    body: Option<(&'static str, Vec<u8>)>,
) -> Result<OperatorAnswer, CliError> {
    let call = OperatorCall {
        method,
        path,
        headers: vec![("accept", "application/json".to_owned())],
        body,
    };
    operator.call(&call, None).await.map_err(|error| {
        Failure::Unavailable(format!("{} has no answer: {error}", operator.base())).into()
    })
}

fn read(answered: &OperatorAnswer) -> Value {
    serde_json::from_slice(&answered.body).unwrap_or(Value::Null)
}

fn member(value: &Value, name: &str, of: &str) -> Result<String, CliError> {
    let text = value.get(name).and_then(Value::as_str);
    Ok(text
        .map(str::to_owned)
        .ok_or_else(|| format!("{of} has no {name}"))?)
}

/// RFC 6749 §5.2.
fn refused(what: &str, answered: &OperatorAnswer, body: &Value) -> CliError {
    let said = |name: &str| body.get(name).and_then(Value::as_str).map(clean);
    let words = said("error_description")
        .or_else(|| said("error"))
        .unwrap_or_default();
    let text = format!("{what} was refused with {}: {words}", answered.status);
    if answered.status >= 500 {
        return Failure::Unavailable(text).into();
    }
    Failure::Refused {
        status: answered.status,
        text,
    }
    .into()
}

fn warn_of_code(page: &str, user_code: &str) {
    let (page, user_code) = (clean(page), clean(user_code));
    say(&format!(
        "Open {page}\nand see that it shows the code {user_code}."
    ));
    if !page.starts_with("https://") && !page.starts_with("http://") {
        warn("that is no web page: do not open it");
    }
}

fn now() -> i64 {
    SystemClock.now().unix_seconds()
}
