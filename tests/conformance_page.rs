//! Keeps `docs/conformance.md` true: every file and every test that it names is there, and every row that
//! must have a test has one.
//!
//! What it is not: a judgement whether a test proves its row; that is a reader's.
//!
//! To add a row: a line on the page; if it must never be without a test, its id in [`REQUIRED`].

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The rows that stand, family by family: none of them may be missing from the page.
const REQUIRED: &[(&str, &[u32])] = &[
    ("A", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
    ("B", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ("C", &[1, 2, 3, 4, 5]),
    ("D", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("E", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
    ("F", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]),
    ("G", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("H", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("I", &[1, 2, 3, 4]),
    ("J", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ("K", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
    ("L", &[1, 2, 3, 4, 7, 8, 9]),
    ("M", &[1, 2, 3, 4, 7, 9]),
    ("N", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ("O", &[1, 2, 3, 4, 5, 6, 7]),
    ("P", &[1, 2, 3, 4, 5, 6, 7]),
    ("Q", &[1, 2, 3, 4, 5, 6]),
    ("R", &[1, 2, 3, 4]),
    ("S", &[1, 2, 3]),
    ("Z", &[1, 2, 16, 17]),
    ("T", &[1, 2]),
    ("U", &[1, 2, 3, 4, 5, 6, 7]),
    ("OIDC", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
    (
        "MCP",
        &[
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
        ],
    ),
];

/// Required rows that have no test, and why. This list only gets shorter.
const WITHOUT_A_TEST: &[(&str, &str)] = &[];

/// One line of a table.
struct Row {
    id: String,
    files: Vec<String>,
    tests: Vec<String>,
}

#[test]
fn every_required_row_stands_and_has_a_test() {
    let rows = read_rows();
    let excused: BTreeSet<&str> = WITHOUT_A_TEST.iter().map(|(id, _)| *id).collect();
    let known = find_tests();
    let mut faults = Vec::new();
    for id in required() {
        match rows.get(&id) {
            None => faults.push(format!("{id} is not on the page")),
            Some(row) if row.tests.is_empty() && !excused.contains(id.as_str()) => {
                let naming: Vec<&str> = known
                    .iter()
                    .filter(|(_, rows)| rows.contains(&id))
                    .map(|(test, _)| test.as_str())
                    .collect();
                faults.push(format!(
                    "{id} has no test on the page; these name it: {naming:?}"
                ));
            }
            Some(row) if !row.tests.is_empty() && excused.contains(id.as_str()) => {
                faults.push(format!(
                    "{id} has a test now: take it out of WITHOUT_A_TEST"
                ));
            }
            Some(_) => {}
        }
    }
    let required: BTreeSet<String> = required().into_iter().collect();
    faults.extend(
        excused
            .iter()
            .filter(|id| !required.contains(**id))
            .map(|id| format!("{id} is excused and not required")),
    );
    assert!(
        faults.is_empty(),
        "docs/conformance.md:\n{}",
        faults.join("\n")
    );
}

#[test]
fn every_file_that_the_page_names_is_there() {
    let absent: Vec<String> = read_rows()
        .values()
        .flat_map(|row| row.files.iter().map(|file| (row.id.clone(), file.clone())))
        .filter(|(_, file)| !root().join(file).exists())
        .map(|(id, file)| format!("{id}: {file}"))
        .collect();
    assert!(
        absent.is_empty(),
        "docs/conformance.md names files that are not there:\n{}",
        absent.join("\n")
    );
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let known = find_tests();
    let absent: Vec<String> = read_rows()
        .values()
        .flat_map(|row| row.tests.iter().map(|test| (row.id.clone(), test.clone())))
        .filter(|(_, test)| !known.contains_key(test))
        .map(|(id, test)| format!("{id}: {test}"))
        .collect();
    assert!(
        absent.is_empty(),
        "docs/conformance.md names tests that are not there:\n{}",
        absent.join("\n")
    );
}

/// Between the tables too. `pkce::…` stands for any test of that module.
#[test]
fn every_test_that_the_page_mentions_outside_of_its_tables_is_there() {
    let page = fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let known = find_tests();
    let is_there = |test: &String| match test.strip_suffix('…') {
        Some(module) => known.keys().any(|known| known.starts_with(module)),
        None => known.contains_key(test),
    };
    // A pair of backticks may stand on two lines.
    let between: Vec<&str> = page.lines().filter(|line| !line.starts_with('|')).collect();
    let absent: Vec<String> = quoted(&between.join(" "))
        .into_iter()
        .filter(|text| text.contains("::") && !is_there(text))
        .collect();
    assert!(
        absent.is_empty(),
        "docs/conformance.md mentions tests that are not there:\n{}",
        absent.join("\n")
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn required() -> Vec<String> {
    REQUIRED
        .iter()
        .flat_map(|(family, numbers)| {
            numbers
                .iter()
                .map(move |number| format!("{family}{number}"))
        })
        .collect()
}

/// The rows of all tables of six columns: row, requirement, level, section, file, test.
fn read_rows() -> BTreeMap<String, Row> {
    let page = fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, _, _, _, file, test] = cells.as_slice() else {
            assert!(cells.len() == 6, "a row has six columns: {line}");
            continue;
        };
        if *id == "row" || id.starts_with("--") {
            continue;
        }
        let row = Row {
            id: (*id).to_owned(),
            files: quoted(file),
            tests: quoted(test),
        };
        assert!(
            rows.insert(row.id.clone(), row).is_none(),
            "{id} is on the page twice"
        );
    }
    rows
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Every test of the workspace as the page names it, and the rows that its doc comment names.
fn find_tests() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for folder in [
        "protocol",
        "crypto",
        "store",
        "outbound",
        "authority",
        "server",
        "admin-api",
        "tests",
    ] {
        for file in list_sources(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let path = file.strip_prefix(root()).unwrap();
            let (module, tests) = match file.extension().and_then(OsStr::to_str) {
                Some("py") => (
                    path.file_name().unwrap().to_string_lossy().into_owned(),
                    python_tests(&text),
                ),
                _ => (module_of(path), rust_tests(&text)),
            };
            if is_compiled(&module, path) {
                let named = tests
                    .into_iter()
                    .map(|(name, rows)| (format!("{module}::{name}"), rows));
                found.extend(named);
            }
        }
    }
    found
}

fn list_sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name();
        let is_ours =
            !name.to_string_lossy().starts_with('.') && name != "node_modules" && name != "target";
        if path.is_dir() && is_ours {
            files.extend(list_sources(&path));
        } else if matches!(path.extension().and_then(OsStr::to_str), Some("rs" | "py")) {
            files.push(path);
        }
    }
    files
}

/// `protocol/src/redirect_uri/tests.rs` is `protocol::redirect_uri`, `tests/pkce.rs` is `pkce`.
fn module_of(path: &Path) -> String {
    let without_extension = path.with_extension("");
    let mut parts: Vec<String> = without_extension
        .iter()
        .map(|part| part.to_string_lossy().replace('-', "_"))
        .collect();
    if matches!(parts.get(1).map(String::as_str), Some("src" | "tests")) {
        parts.remove(1);
    }
    for ending in [&["mod", "lib", "main"][..], &["tests"][..]] {
        if parts.len() > 1
            && parts
                .last()
                .is_some_and(|last| ending.contains(&last.as_str()))
        {
            parts.pop();
        }
    }
    if parts.first().is_some_and(|first| first == "tests") {
        parts.remove(0);
    }
    parts.join("::")
}

/// A file of this crate that `main.rs` does not name is never run.
fn is_compiled(module: &str, path: &Path) -> bool {
    if !path.starts_with("tests") || path.starts_with("tests/clients") {
        return true;
    }
    let main = fs::read_to_string(root().join("tests/main.rs")).unwrap();
    let first = module.split("::").next().unwrap_or_default();
    main.lines()
        .any(|line| line.trim() == format!("mod {first};"))
}

/// A test's name, and the rows that its doc comment names.
type NamedTest = (String, BTreeSet<String>);

/// The functions below a test attribute.
fn rust_tests(text: &str) -> Vec<NamedTest> {
    let attributes = [
        "#[test]",
        "#[tokio::test",
        "#[actix_web::test",
        "#[sqlx::test",
    ];
    let mut tests = Vec::new();
    let (mut is_test, mut rows) = (false, BTreeSet::new());
    for line in text.lines().map(str::trim) {
        is_test |= attributes
            .iter()
            .any(|attribute| line.starts_with(attribute));
        rows.extend(line.strip_prefix("///").map(rows_in).unwrap_or_default());
        let declared = line
            .strip_prefix("async fn ")
            .or_else(|| line.strip_prefix("fn "));
        if let Some(declared) = declared {
            let rows = std::mem::take(&mut rows);
            if is_test {
                let name = declared.split(['(', '<']).next().unwrap_or_default();
                tests.push((name.to_owned(), rows));
            }
            is_test = false;
        }
    }
    tests
}

/// `Rows A1, B12.` names two.
fn rows_in(comment: &str) -> BTreeSet<String> {
    let is_row = |word: &&str| {
        let (family, number) =
            word.split_at(usize::from(!word.is_empty() && word.is_char_boundary(1)));
        family.chars().all(|letter| letter.is_ascii_uppercase())
            && (1..=2).contains(&number.len())
            && number.chars().all(|digit| digit.is_ascii_digit())
    };
    comment
        .split(|character: char| !character.is_alphanumeric())
        .filter(is_row)
        .map(str::to_owned)
        .collect()
}

fn python_tests(text: &str) -> Vec<NamedTest> {
    let declared = text.lines().filter_map(|line| line.strip_prefix("def "));
    declared
        .filter(|rest| rest.starts_with("test_"))
        .map(|rest| {
            (
                rest.split('(').next().unwrap_or_default().to_owned(),
                BTreeSet::new(),
            )
        })
        .collect()
}
