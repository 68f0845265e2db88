//! After every test that had an application or a Redis: nothing in either has the form of a secret of ours.
//!
//! `stored_secrets.rs` looks for the very values of one long flow; this looks for forms, in whatever all the
//! other tests did. So what is stored anew is looked at without anybody thinking of it.

use std::io::ErrorKind;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use super::database::TestDatabase;
use super::secrets::hexadecimal;
use super::tenant::PASSWORD_CANARY;

/// What both PostgreSQL and `regex` read: our tokens and the passwords of [`TestUser`](super::TestUser) in plain, in
/// hexadecimal and in base64, signed JWTs, private keys in PEM and as JWK.
static FORMS: LazyLock<String> = LazyLock::new(|| {
    let mut forms = vec![
        "writ_[a-z]{2,3}_[0-9A-Za-z_.-]{30,}".to_owned(),
        // `writ_`, two or three letters, `_`.
        "777269745f(6[1-9a-f]|7[0-9a]){2,3}5f".to_owned(),
        r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}".to_owned(),
        "PRIVATE KEY-----".to_owned(),
        // A row as text doubles the quotes of its texts.
        r#""+d"+ ?: ?"+[A-Za-z0-9_-]{20,}""#.to_owned(),
        PASSWORD_CANARY.to_owned(),
        hexadecimal(PASSWORD_CANARY.as_bytes()),
    ];
    for start in ["writ_", PASSWORD_CANARY] {
        forms.extend(in_base64(start).map(|letters| regex::escape(&letters)));
    }
    forms.join("|")
});

static FORM: LazyLock<Regex> = LazyLock::new(|| Regex::new(&FORMS).unwrap());

/// The letters that do not depend on what stands beside the text, at each of the three offsets.
fn in_base64(text: &str) -> impl Iterator<Item = String> {
    (0..3).map(move |offset| {
        let shifted = format!("{}{text}", "x".repeat(offset));
        let sure = (offset * 8).div_ceil(6)..shifted.len() * 8 / 6;
        STANDARD.encode(shifted)[sure].to_owned()
    })
}

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
        match looking.join() {
            Ok(Ok(leaks)) => assert_eq!(leaks, Vec::<String>::new(), "a secret is stored"),
            Ok(Err(error)) => assert!(
                is_taken_away(&error),
                "the database could not be searched for secrets: {error}"
            ),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// A database that a test took away is not looked at; any other error would hide what is stored.
fn is_taken_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
        ),
        // The database is gone; the server goes.
        error => has_code(error, "3D000") || has_code(error, "57P01"),
    }
}

fn has_code(error: &sqlx::Error, wanted: &str) -> bool {
    let error = error.as_database_error();
    error.and_then(DatabaseError::code).as_deref() == Some(wanted)
}

/// A row of each table that holds what has the form of a secret, as a superuser reads it; a table that the test
/// has locked is passed over, and no other.
pub async fn find_leaks(url: &str) -> Result<Vec<String>, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let mut connection = PgConnection::connect_with(&options.disable_statement_logging()).await?;
    sqlx::query("set lock_timeout = '1s'")
        .execute(&mut connection)
        .await?;
    let tables = sqlx::query_scalar(
        "select quote_ident(relname) from pg_class
         where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace",
    );
    let tables: Vec<String> = tables.fetch_all(&mut connection).await?;
    let mut leaks = Vec::new();
    for table in tables {
        match find_leak_in_table(&mut connection, &table).await {
            Ok(None) => {}
            Ok(Some(row)) => leaks.push(format!("{table}: {row}")),
            // `lock_not_available`
            Err(error) if has_code(&error, "55P03") => {}
            Err(error) => return Err(error),
        }
    }
    connection.close().await?;
    Ok(leaks)
}

/// What has the form of a secret in a text, such as a dump.
pub fn find_leak_in(text: &str) -> Option<&str> {
    FORM.find(text).map(|found| found.as_str())
}

#[expect(
    clippy::disallowed_methods,
    reason = "names of tables cannot be parameters; these are our own"
)]
async fn find_leak_in_table(
    connection: &mut PgConnection,
    table: &str,
) -> Result<Option<String>, sqlx::Error> {
    let statement = format!("select r::text from {table} r where r::text ~ $1 limit 1");
    let row = sqlx::query_scalar(AssertSqlSafe(statement)).bind(FORMS.as_str());
    row.fetch_optional(connection).await
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
        hexadecimal(TOKEN.as_bytes()),
        format!("{PASSWORD_CANARY}alice"),
        STANDARD.encode(format!("{{{PASSWORD_CANARY}alice")),
        hexadecimal(format!("{PASSWORD_CANARY}alice").as_bytes()),
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
        let dump = format!("REDIS\0{spelling}\0");
        assert!(find_leak_in(&dump).is_some(), "{spelling}");
        let emptied = sqlx::query("delete from planted");
        emptied.execute(&mut connection).await.unwrap();
    }
    assert_eq!(
        find_leaks(url.as_str()).await.unwrap(),
        Vec::<String>::new()
    );
}

/// A table that a test holds is passed over, those beside it are not; so is a database that it took away. A search
/// that fails for any other reason is a failure.
#[tokio::test]
async fn only_what_was_taken_away_is_not_searched() {
    let database = TestDatabase::create().await;
    let url = database.superuser_url();
    let mut holder = database.db_connect_as_superuser().await;
    for statement in [
        "create table held (text text)",
        "create table planted as select '-----BEGIN PRIVATE KEY-----' as text",
    ] {
        let made = sqlx::raw_sql(statement).execute(&mut holder).await;
        made.unwrap();
    }
    // Not the owner's to read.
    let refused = find_leaks(database.url()).await.unwrap_err();
    assert!(!is_taken_away(&refused), "{refused}");
    let mut transaction = holder.begin().await.unwrap();
    let locked = sqlx::raw_sql("lock table held").execute(&mut *transaction);
    locked.await.unwrap();
    let leaks = find_leaks(url.as_str()).await.unwrap();
    assert_eq!(leaks, ["planted: (\"-----BEGIN PRIVATE KEY-----\")"]);
    drop(transaction);
    holder.close().await.unwrap();
    drop(database);
    let gone = find_leaks(url.as_str()).await.unwrap_err();
    assert!(is_taken_away(&gone), "{gone}");
    let silent = sqlx::Error::Io(ErrorKind::TimedOut.into());
    assert!(!is_taken_away(&silent), "{silent}");
}
