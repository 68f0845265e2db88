//! After every test that had an application: nothing in its database has the form of a secret of ours.
//!
//! `stored_secrets.rs` looks for the very values of one long flow; this looks for forms, in whatever all the
//! other tests did. So what is stored anew is looked at without anybody thinking of it.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _};

use super::database::TestDatabase;

/// As PostgreSQL's regular expressions have it: our tokens in plain, in hexadecimal and in base64, signed JWTs,
/// private keys in PEM and as JWK.
static FORMS: LazyLock<String> = LazyLock::new(|| {
    let mut forms = vec![
        "writ_[a-z]{2,3}_[0-9A-Za-z_.-]{30,}".to_owned(),
        // `writ_`, two or three letters, `_`.
        "777269745f(6[1-9a-f]|7[0-9a]){2,3}5f".to_owned(),
        r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}".to_owned(),
        "PRIVATE KEY-----".to_owned(),
        // A row as text doubles the quotes of its texts.
        r#""+d"+ ?: ?"+[A-Za-z0-9_-]{20,}""#.to_owned(),
    ];
    // The letters of `writ_` that do not depend on what stands beside them, at each of the three offsets.
    for (offset, sure) in [(0, 0..6), (1, 2..8), (2, 3..9)] {
        let text = format!("{}writ_", "x".repeat(offset));
        forms.push(STANDARD.encode(text)[sure].trim_end_matches('=').to_owned());
    }
    forms.join("|")
});

/// Looks when it is dropped: after the servers of its application, before the database.
#[derive(Debug)]
pub struct LeakCheck(pub Arc<TestDatabase>);

impl Drop for LeakCheck {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let Some(url) = self.0.known_superuser_url() else {
            return;
        };
        // `drop` cannot wait for a future on this thread's runtime, so another thread does.
        let looking = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(find_leaks(url.as_str()))
        });
        // A database that the test took away is not looked at.
        if let Ok(Ok(leaks)) = looking.join() {
            assert_eq!(leaks, Vec::<String>::new(), "a secret is stored");
        }
    }
}

async fn find_leaks(url: &str) -> Result<Vec<String>, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let mut connection = PgConnection::connect_with(&options.disable_statement_logging()).await?;
    // A table that the test has locked is not waited for.
    sqlx::query("set lock_timeout = '1s'")
        .execute(&mut connection)
        .await?;
    let counted = sqlx::query(
        "select t.relname::text from pg_class t
         where t.relkind in ('r', 'p') and not t.relispartition and t.relnamespace = 'public'::regnamespace
           and (xpath('/row/leaks/text()', query_to_xml(
                   format('select count(*) as leaks from %I r where r::text ~ %L', t.relname, $1),
                   false, true, '')))[1]::text <> '0'",
    );
    let tables = counted.bind(FORMS.as_str()).fetch_all(&mut connection);
    let mut leaks = Vec::new();
    for table in tables.await? {
        let table: String = table.get(0);
        let row = row_of(&mut connection, &table).await?;
        leaks.push(format!("{table}: {row}"));
    }
    connection.close().await?;
    Ok(leaks)
}

#[expect(
    clippy::disallowed_methods,
    reason = "names of tables cannot be parameters; these are our own"
)]
async fn row_of(connection: &mut PgConnection, table: &str) -> Result<String, sqlx::Error> {
    let statement = format!("select r::text from {table} r where r::text ~ $1 limit 1");
    let row = sqlx::query(AssertSqlSafe(statement)).bind(FORMS.as_str());
    Ok(row.fetch_one(connection).await?.get(0))
}

/// Planted ones are found in every spelling; what is stored rightly is not.
#[tokio::test]
async fn a_planted_secret_is_found_in_every_form() {
    const TOKEN: &str = "writ_rt_0123456789abcdefghijABCDEFGHIJ0123456789abcdefg";
    let database = TestDatabase::create().await;
    let url = database.superuser_url();
    let spellings = [
        TOKEN.to_owned(),
        STANDARD.encode(TOKEN),
        STANDARD.encode(format!("{{{TOKEN}")),
        STANDARD.encode(format!("{{\"{TOKEN}")),
        TOKEN
            .bytes()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}")),
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJlLW9mLXNvbWV0aGluZw".to_owned(),
        "-----BEGIN PRIVATE KEY-----".to_owned(),
        r#"{"kty": "EC", "d": "0123456789abcdefghijABCDEFGHIJ"}"#.to_owned(),
    ];
    let mut connection = database.db_connect_as_superuser().await;
    sqlx::raw_sql("create table planted (text text)")
        .execute(&mut connection)
        .await
        .unwrap();
    for spelling in &spellings {
        let planted = sqlx::query("insert into planted values ($1)").bind(spelling);
        planted.execute(&mut connection).await.unwrap();
        let leaks = find_leaks(url.as_str()).await.unwrap();
        assert_eq!(leaks.len(), 1, "{spelling}");
        let emptied = sqlx::query("delete from planted");
        emptied.execute(&mut connection).await.unwrap();
    }
    assert_eq!(
        find_leaks(url.as_str()).await.unwrap(),
        Vec::<String>::new()
    );
}
