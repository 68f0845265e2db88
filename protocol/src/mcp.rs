//! What is said to an MCP server to learn its tools, and how its answers are read (streamable HTTP, `tools/list`).
//!
//! What it is not: an MCP client. It begins, lists and leaves; it calls no tool and answers no request of the server.
//! No network here: the conversation is `authority`'s, through the guard.

mod tools;

use serde_json::{Value, json};

pub use tools::{Drift, Effect, MOST_TOOLS, Tool, ToolChange, ToolsFault, drift, read_tools};

/// The newest that begins with a handshake, which later servers take as well; a server says which it will speak.
pub const PROTOCOL_VERSION: &str = "2025-11-25";

/// The server's answer to a request was no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// Of JSON-RPC. Its words are not kept: they are a stranger's, and may repeat what was sent.
    pub code: i64,
}

pub fn initialize(id: u64) -> Value {
    request(
        id,
        "initialize",
        &json!({
            "protocolVersion": PROTOCOL_VERSION,
            "capabilities": {},
            "clientInfo": { "name": "Writ", "version": env!("CARGO_PKG_VERSION") },
        }),
    )
}

pub fn initialized() -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })
}

pub fn list_tools(id: u64, cursor: Option<&str>) -> Value {
    let params = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
    request(id, "tools/list", &params)
}

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// What the server will speak, as it says in its answer to `initialize`: goes into a header, so it is a date.
pub fn spoken_version(result: &Value) -> Option<&str> {
    let version = result.get("protocolVersion")?.as_str()?;
    let is_date = version.len() == 10
        && version
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_date.then_some(version)
}

/// The answer to request `id` in what has come so far; none while it has not. `text/event-stream` may have other
/// messages before it, and stay open after it.
pub fn read_answer(media_type: &str, body: &[u8], id: u64) -> Option<Result<Value, RpcError>> {
    if media_type != "text/event-stream" {
        let message = serde_json::from_slice(body).ok()?;
        return answer_in(&message, id);
    }
    // Cut off within a character, at the end of what has come.
    let text = String::from_utf8_lossy(body);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (whole, _) = text.rsplit_once("\n\n")?;
    whole
        .split("\n\n")
        .find_map(|event| answer_in_event(event, id))
}

/// Whether the answer to a request has come, in a stream of events that grows: every byte is gone through once, however
/// small the pieces are in which a server sends them.
#[derive(Debug)]
pub struct Listening {
    id: u64,
    at: usize,
    event_start: usize,
    line_start: usize,
    is_behind_return: bool,
}

impl Listening {
    pub const fn for_answer(id: u64) -> Self {
        Self {
            id,
            at: 0,
            event_start: 0,
            line_start: 0,
            is_behind_return: false,
        }
    }

    /// `body` is everything that has come, and begins with what it was before.
    pub fn has_answer(&mut self, body: &[u8]) -> bool {
        while let Some(&byte) = body.get(self.at) {
            let here = self.at;
            self.at += 1;
            // The second half of a line's end.
            if byte == b'\n' && std::mem::take(&mut self.is_behind_return) {
                self.line_start = self.at;
                continue;
            }
            self.is_behind_return = byte == b'\r';
            if !matches!(byte, b'\n' | b'\r') {
                continue;
            }
            let is_end_of_event = here == self.line_start;
            self.line_start = self.at;
            if is_end_of_event {
                let event = body.get(self.event_start..here).unwrap_or_default();
                self.event_start = self.at;
                let event = String::from_utf8_lossy(event).replace('\r', "\n");
                if answer_in_event(&event, self.id).is_some() {
                    return true;
                }
            }
        }
        false
    }
}

fn answer_in_event(event: &str, id: u64) -> Option<Result<Value, RpcError>> {
    let lines = event.lines().filter_map(|line| {
        let data = line.strip_prefix("data:")?;
        Some(data.strip_prefix(' ').unwrap_or(data))
    });
    let data: Vec<&str> = lines.collect();
    let message = serde_json::from_str(&data.join("\n")).ok()?;
    answer_in(&message, id)
}

fn answer_in(message: &Value, id: u64) -> Option<Result<Value, RpcError>> {
    if message.get("id")?.as_u64() != Some(id) {
        return None;
    }
    if let Some(error) = message.get("error") {
        let code = error.get("code").and_then(Value::as_i64);
        return Some(Err(RpcError {
            code: code.unwrap_or_default(),
        }));
    }
    message.get("result").cloned().map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULT: &str = r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}"#;

    #[test]
    fn an_answer_is_json_or_an_event_among_others() {
        let expected = Some(Ok(json!({ "tools": [] })));
        let plain = read_answer("application/json", RESULT.as_bytes(), 2);
        assert_eq!(plain, expected);
        let note = r#"{"jsonrpc":"2.0","method":"notifications/message"}"#;
        let (head, tail) = RESULT.split_at(RESULT.find(",\"result").unwrap());
        for stream in [
            format!("data: {RESULT}\n\n"),
            format!(": hello\n\nevent: message\r\nid: 1\r\ndata:{RESULT}\r\n\r\nda"),
            format!("data: {note}\n\nid: 7\ndata: {RESULT}\n\n: ping\n\n"),
            format!("data: {head}\ndata: {tail}\n\n"),
        ] {
            let read = read_answer("text/event-stream", stream.as_bytes(), 2);
            assert_eq!(read, expected, "{stream}");
            for piece in [1, 2, 7, stream.len()] {
                let mut listening = Listening::for_answer(2);
                let mut ends = (0..=stream.len()).step_by(piece).chain([stream.len()]);
                let came = ends.find(|end| listening.has_answer(&stream.as_bytes()[..*end]));
                assert!(came.is_some(), "{piece}: {stream}");
            }
            let mut listening = Listening::for_answer(3);
            assert!(!listening.has_answer(stream.as_bytes()), "{stream}");
        }
        let unfinished = format!("data: {RESULT}\n");
        assert_eq!(
            read_answer("text/event-stream", unfinished.as_bytes(), 2),
            None
        );
    }

    #[test]
    fn another_answer_is_none_and_an_error_is_its_code() {
        assert_eq!(read_answer("application/json", RESULT.as_bytes(), 3), None);
        assert_eq!(read_answer("application/json", b"[]", 2), None);
        let error = br#"{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"secret"}}"#;
        let read = read_answer("application/json", error, 2);
        assert_eq!(read, Some(Err(RpcError { code: -32601 })));
    }

    #[test]
    fn a_version_is_a_date() {
        let spoken = |version: &str| {
            let result = json!({ "protocolVersion": version });
            spoken_version(&result).map(str::to_owned)
        };
        assert_eq!(spoken("2025-06-18").as_deref(), Some("2025-06-18"));
        for other in ["", "2025-06-18\r\nx: y", "draft", "2025-06-188"] {
            assert_eq!(spoken(other), None, "{other:?}");
        }
    }
}
