//! One message to an MCP server and its answer (streamable HTTP): the guard's rules, and an answer that is read only as
//! far as it is needed, because a stream of events may stay open behind it.
//!
//! What it is not: the conversation (`authority`), or what messages say (`protocol::mcp`).

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use crate::connection;
use crate::fetch::{FetchError, FetchKind, FetchRequest, McpAnswer, McpMessage};
use crate::guard::{Outbound, check_encoding, check_status};
use crate::media_type;

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const LONGEST_SESSION_ID: usize = 1_024;

impl Outbound {
    /// One `POST` of a message. `is_enough` looks at media type and body so far: what comes after is not waited for.
    pub async fn post_to_mcp_server(
        &self,
        request: &FetchRequest<'_>,
        message: &McpMessage<'_>,
        is_enough: impl FnMut(&str, &[u8]) -> bool,
    ) -> Result<McpAnswer, FetchError> {
        let headers = headers_of(message)?;
        let post = |client: &Client, url: Url| {
            client
                .post(url)
                .headers(headers.clone())
                .body(message.body.clone())
        };
        self.converse(request, post, async |answered: Response| {
            read(answered, is_enough).await
        })
        .await
    }
}

fn headers_of(message: &McpMessage<'_>) -> Result<HeaderMap, FetchError> {
    // The caller has looked at each; what no header can hold is not sent.
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| FetchError::Broken);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(bearer) = message.bearer {
        let mut bearer = value(&format!("Bearer {bearer}"))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    if let Some(session_id) = message.session_id {
        headers.insert(SESSION_ID, value(session_id)?);
    }
    if let Some(version) = message.protocol_version {
        headers.insert(PROTOCOL_VERSION, value(version)?);
    }
    Ok(headers)
}

async fn read(
    mut response: Response,
    mut is_enough: impl FnMut(&str, &[u8]) -> bool,
) -> Result<McpAnswer, FetchError> {
    let status = response.status();
    let session_id = session_id_of(response.headers());
    let mut answer = McpAnswer {
        status: status.as_u16(),
        session_id,
        media_type: String::new(),
        body: Vec::new(),
    };
    // Nothing to say to it: a notification was taken.
    if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
        return Ok(answer);
    }
    check_status(status)?;
    check_encoding(response.headers())?;
    answer.media_type = media_type::read(response.headers(), FetchKind::McpServer)?;
    let most = FetchKind::McpServer.max_bytes();
    while !is_enough(&answer.media_type, &answer.body) {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| connection::fault(&error))? else {
            break;
        };
        if answer.body.len() + chunk.len() > most {
            return Err(FetchError::TooLarge);
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

fn session_id_of(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(SESSION_ID)?.to_str().ok()?;
    let is_sound = (1..=LONGEST_SESSION_ID).contains(&text.len());
    is_sound.then(|| text.to_owned())
}
