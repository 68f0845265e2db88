//! Nothing grows without bound: thirteen weeks of one tenant's traffic on a clock that is moved, and the size of
//! every table that the catalogue lists.
//!
//! A table that is new fails here until the traffic of `traffic` reaches it, or [`UNTOUCHED`] says why not; one
//! that only ever grows fails until something removes what has ended.

mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use crate::harness::{OAuthClient, TestApp, TestAppOptions, TestInternet, TestTenant};
use traffic::Traffic;

const DAY: Duration = Duration::from_hours(24);
const WEEKS: usize = 13;
/// By then everything that is kept for a while has begun to go: a refresh token idles for 30 days, and its grant
/// stays on record for 30 more.
const STEADY_FROM: usize = 5;
/// What comes before is compared with what comes from here.
const LATE_FROM: usize = 10;

/// Made by an operator, or by Writ when it starts; no traffic adds to them.
const CONFIGURED: [&str; 17] = [
    "issuer_hosts",
    "memberships",
    "policy_versions",
    "guard_rail_versions",
    "_sqlx_migrations",
    "installation",
    "tenants",
    "users",
    "groups",
    "group_members",
    "tenant_quotas",
    "resource_credentials",
    "resource_tools",
    "client_resources",
    "client_secrets",
    "due_work",
    "audit_events (partitions)",
];

/// Tables that this traffic leaves empty, each with what bounds it.
const UNTOUCHED: [(&str, &str); 0] = [];

type Sizes = BTreeMap<String, i64>;

/// The refresh tokens of two people who come back: one every day, one just before the token has idled too long.
struct Faithful {
    client: OAuthClient,
    daily: String,
    monthly: String,
}

impl Faithful {
    async fn meet(acme: &TestTenant) -> Self {
        let client = acme.public_client().await;
        let browser = acme.browser_of("faith").await;
        let refresh_token = client.tokens_of(&browser).await;
        let other = client.tokens_of(&browser).await;
        Self {
            client,
            daily: refresh_token.refresh_token().to_owned(),
            monthly: other.refresh_token().to_owned(),
        }
    }

    async fn come_back(&mut self, day: usize) {
        let live = [(1, &mut self.daily), (29, &mut self.monthly)];
        for (every, refresh_token) in live {
            if day.is_multiple_of(every) {
                let renewed = self.client.refresh(refresh_token).await.tokens();
                renewed.refresh_token().clone_into(refresh_token);
            }
        }
    }
}

/// Z17: what has ended goes, what lives stays.
#[tokio::test]
async fn no_table_keeps_growing_over_ninety_days_and_no_live_token_is_lost() {
    let internet = TestInternet::of(&["client.test"]).await;
    let options = TestAppOptions::default().with("WRIT_AUDIT_RETENTION_DAYS", "14");
    let app = TestApp::start_with(options.within(&internet)).await;
    begin_with_a_month(&app);
    let acme = app.tenant("acme").await;
    let settings = json!({
        "registration_policy": "initial_access_token",
        // So that keys come and go often enough to be seen piling up.
        "signing_key_rotation_interval": 7 * 86_400,
    });
    acme.change("", &settings).await;
    let mut faithful = Faithful::meet(&acme).await;
    let mut traffic = Traffic::begin(&app, &acme, &internet).await;

    let mut weeks: Vec<Sizes> = Vec::new();
    let mut most = Sizes::new();
    for day in 1..=WEEKS * 7 {
        // The jobs come while the day goes on, as they do.
        for _ in 0..4 {
            app.clock().advance(DAY / 4);
            app.run_due_jobs().await;
        }
        faithful.come_back(day).await;
        traffic.of_a_day(day).await;
        let sizes = app.database().db_sizes().await;
        for (table, rows) in &sizes {
            let most = most.entry(table.clone()).or_default();
            *most = (*most).max(*rows);
        }
        let is_first_of_a_week = (day - 1).is_multiple_of(7);
        if is_first_of_a_week {
            weeks.push(sizes);
        } else if let Some(week) = weeks.last_mut() {
            // The most of the week: some tables are full at noon and empty at night.
            for (table, rows) in sizes {
                let most = week.entry(table).or_default();
                *most = (*most).max(rows);
            }
        }
    }

    let report = report(&weeks);
    assert_eq!(growing(&weeks), Vec::<String>::new(), "\n{report}");
    let configured: BTreeSet<&str> = CONFIGURED.into_iter().collect();
    for (table, rows) in &most {
        let is_known = configured.contains(table.as_str())
            || UNTOUCHED.iter().any(|(untouched, _)| untouched == table);
        assert!(
            *rows > 0 || is_known,
            "no traffic reached {table}\n{report}"
        );
    }
    for live in [&faithful.daily, &faithful.monthly] {
        faithful.client.refresh(live).await.tokens();
    }
    // What was removed is told.
    for kind in ["grants", "clients", "authorization_codes", "audit_months"] {
        let name = format!("writ_swept_total{{kind=\"{kind}\"}}");
        let swept = app.metric(&name);
        assert!(swept.await.unwrap_or(0) > 0, "{kind}");
    }
}

/// Audit events go by whole months: whenever this runs, its months begin and end on the same days.
fn begin_with_a_month(app: &TestApp) {
    let now = time::OffsetDateTime::from_unix_timestamp(app.clock().unix_seconds()).unwrap();
    let day_of_next_month = now.replace_day(1).unwrap() + time::Duration::days(32);
    let first = day_of_next_month.replace_day(1).unwrap();
    app.clock().advance((first - now).unsigned_abs());
}

/// Tables that are larger in the last weeks than they ever were in the weeks before.
fn growing(weeks: &[Sizes]) -> Vec<String> {
    let most = |weeks: &[Sizes], table: &str| {
        let rows = weeks.iter().map(|sizes| sizes.get(table).copied());
        rows.flatten().max().unwrap_or(0)
    };
    let tables: BTreeSet<&String> = weeks.iter().flat_map(BTreeMap::keys).collect();
    let is_growing = |table: &&&String| {
        let before = most(&weeks[STEADY_FROM - 1..LATE_FROM - 1], table);
        let late = most(&weeks[LATE_FROM - 1..], table);
        late > before + before / 10 + 2
    };
    tables
        .iter()
        .filter(is_growing)
        .map(|table| (*table).clone())
        .collect()
}

/// A line a table, a column a week.
fn report(weeks: &[Sizes]) -> String {
    let tables: BTreeSet<&String> = weeks.iter().flat_map(BTreeMap::keys).collect();
    let mut report = String::new();
    for table in tables {
        write!(report, "{table:32}").unwrap();
        for sizes in weeks {
            write!(report, "{:6}", sizes.get(table).copied().unwrap_or(0)).unwrap();
        }
        report.push('\n');
    }
    report
}

#[test]
fn a_table_that_keeps_growing_is_noticed() {
    let week = |number: i64| {
        let sizes = [
            ("steady", 70),
            ("a sawtooth", 30 + 10 * (number % 4)),
            ("full after two months", 10 * number.min(9)),
            ("a row a week", number),
            ("seven a week", 7 * number),
        ];
        let sizes = sizes.map(|(table, rows)| (table.to_owned(), rows));
        sizes.into_iter().collect::<Sizes>()
    };
    let weeks: Vec<Sizes> = (1..=13).map(week).collect();
    assert_eq!(growing(&weeks), ["a row a week", "seven a week"]);
}
