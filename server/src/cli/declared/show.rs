//! A plan, for people and for scripts.

use serde_json::{Value, json};

use super::compare::is_same;
use super::plan::{Deed, Plan, Step};
use crate::cli::admin::show::{changed_lines, clean};
use crate::cli::say::say;

/// Longer values are cut in the lines for people.
const WIDTH: usize = 160;

pub(super) fn plan(plan: &Plan) {
    for step in &plan.steps {
        for line in lines(step) {
            say(&line);
        }
    }
    for (kind, name) in &plan.left_alone {
        let name = clean(name);
        say(&format!(
            "  {} {name} is not in the file, and is left alone (--prune removes it)",
            kind.word
        ));
    }
    say(&summary(plan));
}

pub(super) fn heading(step: &Step) -> String {
    let mark = match step.deed {
        Deed::Create => '+',
        Deed::Update => '~',
        Deed::Delete => '-',
    };
    format!("{mark} {} {}", step.kind.word, clean(&step.name))
}

/// A list in one line is read with difficulty where it has things in it, or is cut.
fn is_long(before: &Value, after: &Value) -> bool {
    [before, after].iter().any(|value| {
        let items = value.as_array();
        let has_things = items.is_some_and(|items| items.iter().any(Value::is_object));
        has_things || value.to_string().chars().count() > WIDTH
    })
}

fn lines(step: &Step) -> Vec<String> {
    let value = |value: &Value| match (value, clean(&value.to_string())) {
        (Value::Null, _) => "nothing".to_owned(),
        (_, text) if text.chars().count() > WIDTH => {
            let begin: String = text.chars().take(WIDTH).collect();
            format!("{begin}…")
        }
        (_, text) => text,
    };
    let mut lines = vec![heading(step)];
    for change in &step.changes {
        let path = clean(&change.path);
        let after = value(&change.after);
        match (step.deed, &change.before, &change.after) {
            (Deed::Create, _, Value::Array(new)) if is_long(&change.before, &change.after) => {
                lines.push(format!("    {path}:"));
                lines.extend(list_lines(&[], new));
            }
            (_, Value::Null, Value::String(new)) if new.contains('\n') => {
                lines.push(format!("    {path}:"));
                let new = changed_lines("", new).into_iter();
                lines.extend(new.map(|line| format!("      {line}")));
            }
            (Deed::Create, _, _) => lines.push(format!("    {path}: {after}")),
            (_, Value::String(old), Value::String(new)) if new.contains('\n') => {
                lines.push(format!("    {path}:"));
                let changed = changed_lines(old, new).into_iter();
                lines.extend(changed.map(|line| format!("      {line}")));
            }
            (_, Value::Array(old), Value::Array(new)) if is_long(&change.before, &change.after) => {
                lines.push(format!("    {path}:"));
                lines.extend(list_lines(old, new));
            }
            _ => lines.push(format!("    {path}: {} -> {after}", value(&change.before))),
        }
    }
    lines
}

/// Elements that come and go; of what only changed its place, that it did. They are told whole, however long.
fn list_lines(old: &[Value], new: &[Value]) -> Vec<String> {
    let marked = |mark: char, these: &[Value], others: &[Value]| -> Vec<String> {
        let missing = these
            .iter()
            .filter(|item| !others.iter().any(|other| is_same(item, other)));
        missing
            .map(|item| format!("      {mark} {}", clean(&item.to_string())))
            .collect()
    };
    let lines = [marked('-', old, new), marked('+', new, old)].concat();
    if lines.is_empty() {
        return vec!["      in another order, or a number of times".to_owned()];
    }
    lines
}

fn summary(plan: &Plan) -> String {
    if plan.is_empty() {
        return format!("The tenant {} is as the file says.", plan.slug);
    }
    format!(
        "The tenant {}: {} to make, {} to change, {} to remove.",
        plan.slug,
        plan.count(Deed::Create),
        plan.count(Deed::Update),
        plan.count(Deed::Delete)
    )
}

/// What was done.
pub(super) fn done(plan: &Plan) -> String {
    if plan.is_empty() {
        return summary(plan);
    }
    format!(
        "The tenant {}: {} made, {} changed, {} removed.",
        plan.slug,
        plan.count(Deed::Create),
        plan.count(Deed::Update),
        plan.count(Deed::Delete)
    )
}

pub(super) fn json(plan: &Plan) -> Value {
    let left_alone = plan.left_alone.iter();
    let left_alone: Vec<Value> = left_alone
        .map(|(kind, name)| json!({ "kind": kind.word, "name": name }))
        .collect();
    json!({
        "tenant": plan.slug,
        "is_different": !plan.is_empty(),
        "steps": plan.steps.iter().map(step_json).collect::<Vec<_>>(),
        "left_alone": left_alone,
    })
}

fn step_json(step: &Step) -> Value {
    let deed = match step.deed {
        Deed::Create => "create",
        Deed::Update => "update",
        Deed::Delete => "delete",
    };
    let changes = step.changes.iter().map(
        |change| json!({ "member": change.path, "before": change.before, "after": change.after }),
    );
    json!({
        "deed": deed,
        "kind": step.kind.word,
        "name": step.name,
        "changes": changes.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_list_what_comes_and_goes_is_told() {
        let old = [
            json!({"name": "a"}),
            json!({"name": "b", "description": "x".repeat(500)}),
        ];
        let new = [json!({"name": "a"}), json!({"name": "c"})];
        let lines = list_lines(&old, &new);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("      - {") && lines[0].len() > 500);
        assert!(lines[1].starts_with("      + {") && lines[1].contains("\"c\""));
        let turned = [old[1].clone(), old[0].clone()];
        assert_eq!(
            list_lines(&old, &turned),
            ["      in another order, or a number of times"]
        );
    }
}
