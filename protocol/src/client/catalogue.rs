//! Known clients: what the MCP clients that people use are called, what they send and how we know them.
//!
//! Data, not code: one JSON file per client under `catalogue/`, read once. Known is not trusted: a client
//! is recognised as *proven* only where its vendor's own address says so, because whoever registers may
//! call itself anything. To add one: a file, a line in [`FILES`], a section of docs/clients.md and a line in
//! its table; the tests of this file, `tests/known_clients.rs` and `tests/clients_page.rs` do the rest.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::{Client, ClientOrigin, Tolerance};

const FILES: &[&str] = &[
    include_str!("catalogue/claude.json"),
    include_str!("catalogue/claude_code.json"),
    include_str!("catalogue/chatgpt.json"),
    include_str!("catalogue/codex.json"),
    include_str!("catalogue/vscode.json"),
    include_str!("catalogue/cursor.json"),
    include_str!("catalogue/gemini_cli.json"),
    include_str!("catalogue/mcp_inspector.json"),
    include_str!("catalogue/mcp_remote.json"),
    include_str!("catalogue/zed.json"),
    include_str!("catalogue/opencode.json"),
    include_str!("catalogue/nemo_agent_toolkit.json"),
];

static KNOWN_CLIENTS: LazyLock<Vec<CatalogueEntry>> = LazyLock::new(|| {
    // A file that does not parse fails this file's tests, not a running server.
    let read = |text: &&str| serde_json::from_str(text).ok();
    FILES.iter().filter_map(read).collect()
});

/// One entry of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    pub id: String,
    pub name: String,
    pub vendor: String,
    pub homepage: String,
    /// Metadata documents of the vendor. `{id}` stands for one segment of letters, digits, `-` and `_`.
    pub documents: Vec<String>,
    /// Addresses at which nobody but the vendor receives an answer; `{id}` as above.
    pub redirect_uris: Vec<String>,
    /// How its names begin when it registers itself: its own word, and anybody's. Proven is only a client
    /// that has one of them without a word more.
    pub said_names: Vec<String>,
    /// What it is let pass, once it is proven to be the one.
    pub tolerances: Vec<Tolerance>,
    /// What we tried it with, and how.
    pub tested_with: String,
    pub observations: Vec<Observation>,
}

/// What a client was seen to send.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Which form of the client, in a few words.
    pub about: String,
    pub seen: Seen,
    pub identity: ObservedIdentity,
    /// Private-use redirect URIs that the tenant has to list for it.
    #[serde(default)]
    pub private_use_redirect_uris: Vec<String>,
    /// Parameters of the authorization request, in the order seen. `{name}` stands for a value of the moment.
    pub authorize: Vec<(String, String)>,
    /// Parameters of the token request with a code.
    pub token: Vec<(String, String)>,
}

/// How we know what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// The requests of the real program.
    Wire,
    /// Its source code.
    Source,
    /// Captures that others published.
    Reported,
}

/// How the client says who it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservedIdentity {
    /// The metadata document at its `client_id`.
    Document(Value),
    /// The body of its registration (RFC 7591 §3.1).
    Registration(Value),
}

/// A client that looks like an entry of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised {
    pub client: &'static CatalogueEntry,
    /// Only the vendor can be behind it. Otherwise it merely says so: for administrators, never to vouch.
    pub is_proven: bool,
}

/// The whole catalogue.
pub fn known_clients() -> &'static [CatalogueEntry] {
    &KNOWN_CLIENTS
}

/// Which entry this client is, or says it is.
pub fn recognise(client: &Client) -> Option<Recognised> {
    let proven = match client.origin {
        ClientOrigin::Document => publisher_of(client.client_id.as_str()),
        ClientOrigin::Registered | ClientOrigin::Static => {
            known_clients().iter().find(|known| known.receives(client))
        }
    };
    let is_proven = proven.is_some();
    let found = proven.or_else(|| called_like(client.name.as_deref()?))?;
    Some(Recognised {
        client: found,
        is_proven,
    })
}

/// The entry that this client certainly is.
pub fn find_proven(client: &Client) -> Option<&'static CatalogueEntry> {
    recognise(client)
        .filter(|recognised| recognised.is_proven)
        .map(|recognised| recognised.client)
}

/// What this client is let pass for being a known one.
pub fn tolerances_of(client: &Client) -> &'static [Tolerance] {
    find_proven(client).map_or(&[], |known| &known.tolerances)
}

/// A document named in full wins over a form with a free segment, which may cover it.
fn publisher_of(client_id: &str) -> Option<&'static CatalogueEntry> {
    let find = |is_it: &dyn Fn(&str) -> bool| {
        let mut known = known_clients().iter();
        known.find(|known| known.documents.iter().any(|form| is_it(form)))
    };
    find(&|form| form == client_id).or_else(|| find(&|form| has_form(client_id, form)))
}

/// The longest name wins: Claude Code is not Claude.
fn called_like(name: &str) -> Option<&'static CatalogueEntry> {
    let said = |known: &'static CatalogueEntry| {
        let names = known.said_names.iter();
        names
            .filter(|said| begins_with(name, said))
            .map(String::len)
            .max()
            .map(|length| (length, known))
    };
    known_clients()
        .iter()
        .filter_map(said)
        .max_by_key(|(length, _)| *length)
        .map(|(_, known)| known)
}

/// On a word's end: a client called "Cursory" does not say that it is Cursor.
fn begins_with(name: &str, said: &str) -> bool {
    name.strip_prefix(said)
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

impl CatalogueEntry {
    pub fn tolerates(&self, tolerance: Tolerance) -> bool {
        self.tolerances.contains(&tolerance)
    }

    /// RFC 8252 §8.6: an answer to a loopback address or an app's scheme reaches whoever is there, so one
    /// such redirect URI among them proves nothing.
    fn receives(&self, client: &Client) -> bool {
        let is_theirs = |uri: &str| self.redirect_uris.iter().any(|form| has_form(uri, form));
        let mut redirect_uris = client.redirect_uris.iter();
        !client.redirect_uris.is_empty()
            && redirect_uris.all(|uri| is_theirs(uri.as_str()))
            && self.may_be_called(client)
    }

    /// Row J7: a stranger who borrows an entry's address must not put another name, or other words behind
    /// the name, beside our badge. An administrator names a client as they like.
    fn may_be_called(&self, client: &Client) -> bool {
        client.origin == ClientOrigin::Static
            || client
                .name
                .as_deref()
                .is_none_or(|name| self.said_names.iter().any(|said| said == name))
    }
}

const SEGMENT: &str = "{id}";

/// Byte by byte, but for the one segment that the vendor chooses per connection.
fn has_form(text: &str, form: &str) -> bool {
    let Some((before, after)) = form.split_once(SEGMENT) else {
        return text == form;
    };
    let segment = text
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    segment.is_some_and(|segment| {
        (1..=128).contains(&segment.len())
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

#[cfg(test)]
mod tests;
