//! Torture: real processes, a durable PostgreSQL, clients that behave well, and `kill -9` again and again.
//!
//! The rig (`rig`) starts PostgreSQL with fsync on, Redis and two replicas of the real `writ` as child
//! processes, lets clients redeem, refresh, revoke and introspect, and kills one process after the other.
//! Every operation goes to a history (`history`): what was sent, when, what came back. Only when all is
//! over, a checker (`checker`) that knows nothing of the server reads it: no session of an honest client
//! lost, no spent token revived, no acknowledged revocation undone, one live leaf (rows Z1, Z16). And what
//! is stored by then holds no secret (row F11).
//!
//! What it is not: a benchmark. Figures measured with it stand in `docs/reliability.md`.
//!
//! To add an operation: a variant of [`history::Operation`], its rule in `checker`, a step in `client`.

mod checker;
mod client;
mod history;
mod postgres;
mod process;
mod randomness;
mod replica;
mod rig;

use std::path::PathBuf;
use std::time::Duration;

use checker::{Rule, Violation};
use rig::{Fault, Plan, Rig};

/// How much, and with what planted fault, the variables `WRIT_TEST_TORTURE_…` say (`docs/reliability.md`).
/// A minute for everybody; `make soak` asks for a million operations, a hundred kills of PostgreSQL and of the
/// replicas, and fifty of Redis.
fn plan() -> Plan {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let kills = number("WRIT_TEST_TORTURE_KILLS", 10);
    let fault = std::env::var("WRIT_TEST_TORTURE_FAULT").unwrap_or_default();
    Plan {
        clients: number("WRIT_TEST_TORTURE_CLIENTS", 24),
        operations: number("WRIT_TEST_TORTURE_OPERATIONS", 5_000),
        kills_of_postgres: kills,
        kills_of_replicas: kills,
        kills_of_redis: kills / 2,
        between_kills: Duration::from_millis(number("WRIT_TEST_TORTURE_PAUSE", 2_000)),
        seed: number("WRIT_TEST_TORTURE_SEED", 20_261_121),
        history: std::env::var_os("WRIT_TEST_TORTURE_HISTORY").map(PathBuf::from),
        fault: match fault.as_str() {
            "" => None,
            "forgetful" => Some(Fault::Forgetful),
            "strict" => Some(Fault::Strict),
            other => panic!("WRIT_TEST_TORTURE_FAULT={other}: forgetful or strict"),
        },
    }
}

/// Rows Z1, Z16: whatever is killed, and whenever, no honest client loses its session and nobody gets
/// what is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn honest_clients_lose_nothing_when_everything_is_killed() {
    let plan = plan();
    let mut rig = Rig::start(&plan).await;
    let history = rig.run(&plan).await;
    let autopsy = rig.autopsy().await;
    rig.stores_no_secret().await;
    drop(rig);
    let report = checker::check(&history, Some(&autopsy));
    println!("{report}");
    assert!(report.violations.is_empty(), "{report}");
    // Otherwise nothing was proved.
    assert!(report.operations >= plan.operations, "{report}");
    assert!(report.kills >= plan.kills(), "{report}");
    assert!(report.unknown_outcomes > 0, "{report}");
}

/// The rig can fail: a tenant without the grace window takes an honest retry for theft, and it is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_honest_clients_lose_are_found() {
    let plan = Plan {
        clients: 8,
        operations: 600,
        kills_of_postgres: 1,
        kills_of_replicas: 2,
        kills_of_redis: 1,
        between_kills: Duration::from_millis(500),
        seed: 20_261_121,
        history: None,
        fault: Some(Fault::Strict),
    };
    let mut rig = Rig::start(&plan).await;
    let history = rig.run(&plan).await;
    let report = checker::check(&history, Some(&rig.autopsy().await));
    println!("{report}");
    let lost = |violation: &Violation| violation.rule == Rule::LostSession;
    assert!(report.violations.iter().any(lost), "{report}");
    // And nothing is held against the server that it did not do.
    assert!(report.violations.iter().all(lost), "{report}");
}
