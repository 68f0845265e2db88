//! A plan, for people and for scripts.

use serde_json::{Value, json};

use super::plan::{Deed, Plan, Step};
use crate::cli::admin::show::clean;
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
            (Deed::Create, _, _) => lines.push(format!("    {path}: {after}")),
            (_, Value::String(old), Value::String(new)) if new.contains('\n') => {
                lines.push(format!("    {path}:"));
                lines.extend(text_lines(old, new));
            }
            _ => lines.push(format!("    {path}: {} -> {after}", value(&change.before))),
        }
    }
    lines
}

/// What stands between the lines that both begin and end with.
fn text_lines(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let begin = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let (old, new) = (&old[begin..], &new[begin..]);
    let same = old.iter().rev().zip(new.iter().rev());
    let end = same.take_while(|(old, new)| old == new).count();
    let marked = |mark: char, lines: &[&str]| -> Vec<String> {
        let lines = &lines[..lines.len() - end];
        lines
            .iter()
            .map(|line| format!("      {mark} {}", clean(line)))
            .collect()
    };
    [marked('-', old), marked('+', new)].concat()
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
    fn of_a_text_only_the_lines_between_are_told() {
        let lines = text_lines("a\nb\nc\nd", "a\nx\nd");
        assert_eq!(lines, ["      - b", "      - c", "      + x"]);
        assert_eq!(text_lines("a\na", "a"), ["      - a"]);
        assert!(text_lines("a\n", "a").is_empty());
    }
}
