//! A method of a tenant's scope without a two-tenant case is a failed test.

use std::collections::BTreeSet;
use std::path::Path;

use super::cases::CASES;

/// Methods that reach no row. This list may only shrink.
const WITHOUT_ROWS: [&str; 4] = ["tenant", "commit", "roll_back", "into_platform"];

#[test]
fn every_method_of_a_tenants_scope_has_a_case() {
    let methods = methods_of_tenant_scope();
    let covered: BTreeSet<String> = CASES
        .iter()
        .map(|case| case.method.to_owned())
        .chain(WITHOUT_ROWS.map(str::to_owned))
        .collect();
    let missing: Vec<_> = methods.difference(&covered).collect();
    let gone: Vec<_> = covered.difference(&methods).collect();
    assert!(
        missing.is_empty(),
        "add a line to tests/isolation/cases.rs for {missing:?}"
    );
    assert!(gone.is_empty(), "no such method any more: {gone:?}");
    assert!(methods.len() > 50, "the methods were not found");
}

fn methods_of_tenant_scope() -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    read_folder(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut methods,
    );
    methods
}

fn read_folder(folder: &Path, methods: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(&path, methods);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            read_methods(&std::fs::read_to_string(&path).unwrap(), methods);
        }
    }
}

/// `impl TenantScope {` to the `}` at the line's beginning, as rustfmt writes it.
fn read_methods(source: &str, methods: &mut BTreeSet<String>) {
    let mut is_inside = false;
    for line in source.lines() {
        if line.starts_with("impl TenantScope {") {
            is_inside = true;
        } else if line == "}" {
            is_inside = false;
        }
        let signature = line.trim_start().strip_prefix("pub ").map(|rest| {
            let rest = rest.strip_prefix("const ").unwrap_or(rest);
            rest.strip_prefix("async ").unwrap_or(rest)
        });
        if let Some(name) = signature
            .and_then(|rest| rest.strip_prefix("fn "))
            .filter(|_| is_inside)
        {
            let end = name.find(['(', '<']).unwrap();
            methods.insert(name[..end].to_owned());
        }
    }
}

#[test]
fn methods_are_read_from_the_source_as_it_is_written() {
    let mut methods = BTreeSet::new();
    let source = "impl TenantScope {\n    pub async fn find_x(\n    pub(crate) fn hidden(&self) {\n    pub fn plain(&self) {\n    fn own() {\n}\nimpl Other {\n    pub fn elsewhere() {\n}\n";
    read_methods(source, &mut methods);
    assert_eq!(methods.into_iter().collect::<Vec<_>>(), ["find_x", "plain"]);
}
