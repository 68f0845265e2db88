//! Answers that are more than one thing's members, in sentences and columns. What a script reads is `--json`.
//!
//! To add one: a function from the answer to its lines, and `show_as` or its like where the verb is.

use serde_json::{Map, Value, json};

use super::grant;
use super::user::{CONSENTS, SESSIONS};
use crate::cli::admin::show::{self, Column, clean, line, lines_of, table_lines};

const EVENTS: [Column; 5] = [
    ("WHEN", "occurred_at"),
    ("WHAT", "action"),
    ("BY", "actor_kind"),
    ("WHO", "actor_id"),
    ("MORE", "details"),
];
const USAGE: [Column; 3] = [("WHAT", "what"), ("USED", "used"), ("QUOTA", "quota")];
const POLICIES: [Column; 3] = [
    ("POLICY", "id"),
    ("EFFECT", "effect"),
    ("DESCRIPTION", "description"),
];
const SIMULATED: [Column; 8] = [
    ("WHEN", "decided_at"),
    ("ERROR ID", "error_id"),
    ("CLIENT", "client_id"),
    ("USER", "user_id"),
    ("SCOPE", "scope"),
    ("BEFORE", "before"),
    ("AFTER", "after"),
    ("BY", "by"),
];

/// `policy explain`: the outcome, and what each check said.
pub(super) fn explanation(answer: &Value) -> Vec<String> {
    let version = version_in_words(&answer["policy_version"]);
    let outcome = sentence(text(answer, "outcome"));
    let mut lines = vec![format!("{outcome}, by {version}.")];
    if answer["scope"].as_str().is_some_and(|it| !it.is_empty()) {
        lines.push(format!(
            "The token would have the scope \"{}\", for {}.",
            line(&answer["scope"]),
            line(&answer["resources"]),
        ));
    }
    lines.push(String::new());
    lines.extend(checks(items(answer, "checks"), "result"));
    lines
}

/// `policy why`: each decision of the request, and what each check said.
pub(super) fn decisions(answer: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for decision in items(answer, "decisions") {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(format!(
            "{} ({}) for the client {} and the user {} at {}, by {}.",
            sentence(text(decision, "outcome")),
            line(&decision["action"]),
            line(&decision["client_id"]),
            line(&decision["user_id"]),
            line(&decision["decided_at"]),
            version_in_words(&decision["policy_version"]),
        ));
        lines.extend(checks(items(decision, "checks"), "verdict"));
        lines.push("From these facts:".to_owned());
        let facts = decision["inputs"].as_object().map(lines_of);
        let facts = facts.unwrap_or_default().into_iter();
        lines.extend(facts.map(|fact| format!("  {fact}")));
    }
    lines
}

/// A line a check: what was checked, how it went, for which scope, and why.
fn checks(checks: &[Value], result: &'static str) -> Vec<String> {
    let rows: Vec<Value> = checks
        .iter()
        .map(|check| {
            let policies = items(check, "policies").iter().map(policy);
            let reason = check["reason"].as_str().map(str::to_owned);
            let why: Vec<String> = policies.chain(reason).collect();
            json!({
                "check": check["check"], "result": check[result], "scope": check["scope"],
                "resource": check["resource"], "why": why.join("; "),
            })
        })
        .collect();
    let all: [Column; 5] = [
        ("CHECK", "check"),
        ("RESULT", "result"),
        ("SCOPE", "scope"),
        ("RESOURCE", "resource"),
        ("WHY", "why"),
    ];
    // Most are about no single scope or resource.
    let is_said = |member: &str| rows.iter().any(|row| !row[member].is_null());
    let columns: Vec<Column> = all.into_iter().filter(|(_, it)| is_said(it)).collect();
    table_lines(&columns, &rows)
}

/// One that decided, as people know it.
fn policy(policy: &Value) -> String {
    let layer = match text(policy, "layer") {
        "platform" => "guard rail ",
        _ => "",
    };
    let mut told = format!("{layer}{}", text(policy, "id"));
    for member in ["description", "failure"] {
        if let Some(words) = policy[member].as_str() {
            told = format!("{told}: {words}");
        }
    }
    told
}

/// `policy diff`: policy by policy, with the lines that are others.
pub(super) fn difference(answer: &Value) -> Vec<String> {
    let (from, to) = (line(&answer["from"]), line(&answer["to"]));
    let mut lines = vec![format!("From version {from} to version {to}:")];
    for (mark, section) in [('-', "removed"), ('+', "added")] {
        for policy in items(answer, section) {
            lines.push(format!("{mark} {}", clean(text(policy, "id"))));
            let text = text(policy, "text").lines();
            lines.extend(text.map(|line| format!("    {mark} {}", clean(line))));
        }
    }
    for policy in items(answer, "changed") {
        lines.push(format!("~ {}", clean(text(policy, "id"))));
        let (from, to) = (text(&policy["from"], "text"), text(&policy["to"], "text"));
        let changed = show::changed_lines(from, to).into_iter();
        lines.extend(changed.map(|line| format!("    {line}")));
    }
    if lines.len() == 1 {
        lines.push("The same policies.".to_owned());
    }
    lines
}

/// `policy show`: the text as it stands in a file, once.
pub(super) fn policies(answer: &Value) -> Vec<String> {
    let mut lines = lines_of(&without(answer, &["text", "policies"]));
    lines.push("text".to_owned());
    let text = text(answer, "text").lines();
    lines.extend(text.map(|line| format!("  {}", clean(line))));
    lines
}

/// `policy set`, `policy revert`: who wrote the text has it; what it was understood as is news.
pub(super) fn version(answer: &Value) -> Vec<String> {
    let mut lines = lines_of(&without(answer, &["text", "policies"]));
    lines.extend(table_lines(&POLICIES, items(answer, "policies")));
    lines
}

/// `policy simulate`.
pub(super) fn simulation(answer: &Value) -> Vec<String> {
    let all = if answer["is_cut_off"] == true {
        " (the newest; there are more)"
    } else {
        ""
    };
    let mut lines = vec![format!(
        "{} decisions since {}{all} were tried: {} would be others.",
        line(&answer["examined"]),
        line(&answer["since"]),
        line(&answer["changed"]),
    )];
    let mut rows = Vec::new();
    for decision in items(answer, "differences") {
        for scope in items(decision, "scopes") {
            let by: Vec<String> = items(scope, "policies").iter().map(policy).collect();
            rows.push(json!({
                "decided_at": decision["decided_at"], "error_id": decision["error_id"],
                "client_id": decision["client_id"], "user_id": decision["user_id"],
                "scope": scope["scope"], "before": scope["before"], "after": scope["after"],
                "by": by.join("; "),
            }));
        }
    }
    if !rows.is_empty() {
        lines.extend(table_lines(&SIMULATED, &rows));
    }
    lines
}

/// `grant timeline`: the grant, what its refresh tokens are at, and what happened, the oldest first.
pub(super) fn timeline(answer: &Value) -> Vec<String> {
    let mut lines = answer["grant"]
        .as_object()
        .map(lines_of)
        .unwrap_or_default();
    for (member, head) in [("family", "Refresh tokens:"), ("revoked", "Revoked:")] {
        if let Some(members) = answer[member].as_object() {
            lines.push(head.to_owned());
            lines.extend(lines_of(members).iter().map(|line| format!("  {line}")));
        }
    }
    lines.push(String::new());
    lines.extend(events(items(answer, "data")));
    if answer["next_cursor"].is_string() {
        lines.push("And more, which the API tells page by page.".to_owned());
    }
    lines
}

fn events(events: &[Value]) -> Vec<String> {
    let rows: Vec<Value> = events
        .iter()
        .map(|event| {
            let mut event = event.clone();
            let details = event["details"].as_object();
            let details = details.map(show::members_in_words);
            event["details"] = details.unwrap_or_default().into();
            event
        })
        .collect();
    table_lines(&EVENTS, &rows)
}

/// `tenant quotas`.
pub(super) fn usage(answer: &Value) -> Vec<String> {
    let kinds = answer.as_object().into_iter().flatten();
    let rows: Vec<Value> = kinds
        .map(|(what, of)| json!({ "what": what, "used": of["used"], "quota": of["quota"] }))
        .collect();
    table_lines(&USAGE, &rows)
}

/// `user export`: for people to look at; for the person to have it is `--json`.
pub(super) fn person(answer: &Value) -> Vec<String> {
    let mut user = answer["user"].as_object().cloned().unwrap_or_default();
    user.insert("has_password".to_owned(), answer["has_password"].clone());
    let mut lines = lines_of(&user);
    for (section, columns) in [
        ("sessions", &SESSIONS[..]),
        ("consents", &CONSENTS[..]),
        ("grants", &grant::COLUMNS[..]),
    ] {
        let things = items(answer, section);
        lines.extend([String::new(), format!("{section}: {}", things.len())]);
        if !things.is_empty() {
            lines.extend(table_lines(columns, things));
        }
    }
    let happened = items(answer, "audit_events");
    lines.extend([String::new(), format!("audit events: {}", happened.len())]);
    if !happened.is_empty() {
        lines.extend(events(happened));
    }
    if answer["is_complete"] == false {
        lines.push("This is not all: of something there is more than one answer holds.".to_owned());
    }
    lines
}

fn items<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn without(value: &Value, members: &[&str]) -> Map<String, Value> {
    let mut rest = value.as_object().cloned().unwrap_or_default();
    rest.retain(|name, _| !members.contains(&name.as_str()));
    rest
}

/// An outcome begins a sentence.
fn sentence(outcome: &str) -> String {
    match outcome {
        "allowed" => "Allowed".to_owned(),
        "narrowed" => "Narrowed".to_owned(),
        "denied" => "Denied".to_owned(),
        "stronger_sign_in" => "Only after a new sign-in".to_owned(),
        other => clean(other),
    }
}

fn version_in_words(version: &Value) -> String {
    match version {
        Value::Null => "the policies that come with Writ".to_owned(),
        version => format!("version {} of the policies", line(version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_begins_with_the_outcome_and_has_a_line_a_check() {
        let answer = json!({
            "outcome": "narrowed", "scope": "notes:read", "resources": ["https://n.example/mcp"], "policy_version": 2,
            "checks": [
                {"check": "client", "result": "passed", "scope": null, "resource": null, "policies": [], "reason": "It is there."},
                {"check": "policies", "result": "failed", "scope": "notes:write", "resource": null,
                 "policies": [{"layer": "tenant", "id": "editors", "description": "Editors \u{1b}write.", "failure": null}],
                 "reason": "A policy forbids it."},
            ],
        });
        assert_eq!(
            explanation(&answer),
            [
                "Narrowed, by version 2 of the policies.",
                "The token would have the scope \"notes:read\", for https://n.example/mcp.",
                "",
                "CHECK     RESULT  SCOPE        WHY",
                "client    passed  -            It is there.",
                "policies  failed  notes:write  editors: Editors \u{fffd}write.; A policy forbids it.",
            ]
        );
    }

    #[test]
    fn policies_that_differ_are_told_by_their_ids_with_their_lines() {
        let of = |id: &str, text: &str| json!({"id": id, "text": text});
        let answer = json!({
            "from": 1, "to": 2, "added": [of("new", "permit\n;")], "removed": [of("old", "forbid;")],
            "changed": [{"id": "same", "from": of("same", "a\nb"), "to": of("same", "a\nc")}],
        });
        assert_eq!(
            difference(&answer),
            [
                "From version 1 to version 2:",
                "- old",
                "    - forbid;",
                "+ new",
                "    + permit",
                "    + ;",
                "~ same",
                "    - b",
                "    + c",
            ]
        );
        let nothing = json!({"from": 1, "to": 2, "added": [], "removed": [], "changed": []});
        assert_eq!(difference(&nothing)[1], "The same policies.");
    }

    #[test]
    fn what_a_tenant_has_is_a_table() {
        let answer =
            json!({"users": {"used": 4, "quota": 5}, "clients": {"used": 0, "quota": null}});
        let lines = usage(&answer);
        assert!(lines.contains(&"users    4     5".to_owned()), "{lines:?}");
        assert!(lines.contains(&"clients  0     -".to_owned()), "{lines:?}");
    }
}
