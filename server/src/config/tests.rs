use std::io::Write as _;
use std::path::PathBuf;

use secrecy::ExposeSecret as _;

use super::*;

const KEY_ONE: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const KEY_TWO: &str = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-P0A";
const DATABASE: (&str, &str) = ("DATABASE_URL", "postgres://writ:hunter2@db:5432/writ");

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect()
}

fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut all = vec![DATABASE];
    all.extend_from_slice(pairs);
    Config::read(&Sources::gather(&environment(&all), None)?)
}

fn refusal(pairs: &[(&str, &str)]) -> String {
    read(pairs).expect_err("a refusal").to_string()
}

fn file(name: &str, text: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("writ-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::File::create(&path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    path
}

#[test]
fn a_database_url_is_enough_on_localhost() {
    let config = read(&[]).unwrap();
    assert_eq!(config.public_url.as_str(), "http://localhost:9000");
    assert_eq!(config.listen, "127.0.0.1:9000".parse().unwrap());
    assert_eq!(config.admin_listen, "127.0.0.1:9001".parse().unwrap());
    assert!(config.redis_url.is_none());
    assert!(config.trusted_proxies.is_empty());
    assert_eq!(config.database.roles, RoleNames::default());
    assert!(config.encryption_keys.iter().all(is_development_key));
    assert_ne!(config.encryption_keys[0], config.secret_peppers[0]);
}

#[test]
fn a_missing_database_url_is_told_with_the_way_out() {
    let error = Config::read(&Sources::gather(&environment(&[]), None).unwrap())
        .expect_err("a refusal")
        .to_string();
    assert!(error.contains("DATABASE_URL is missing"), "{error}");
    assert!(error.contains("writ dev"), "{error}");
}

#[test]
fn a_public_url_beyond_localhost_makes_secrets_mandatory() {
    let error = refusal(&[("WRIT_PUBLIC_URL", "https://auth.example.com")]);
    assert!(error.contains("WRIT_ENCRYPTION_KEYS is missing"), "{error}");
    assert!(error.contains("WRIT_SECRET_PEPPERS is missing"), "{error}");

    let config = read(&[
        ("WRIT_PUBLIC_URL", "https://auth.example.com/"),
        ("WRIT_ENCRYPTION_KEYS", KEY_ONE),
        ("WRIT_SECRET_PEPPERS", KEY_TWO),
    ])
    .unwrap();
    assert_eq!(config.public_url.as_str(), "https://auth.example.com");
    assert!(!config.public_url.is_localhost());
}

#[test]
fn every_problem_is_told_at_once() {
    let error = refusal(&[
        ("WRIT_LISTEN", "nowhere"),
        ("WRIT_LOG_FORMAT", "xml"),
        ("WRIT_DATABASE_POOL_SIZE", "0"),
    ]);
    for name in ["WRIT_LISTEN", "WRIT_LOG_FORMAT", "WRIT_DATABASE_POOL_SIZE"] {
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn audit_events_are_kept_for_as_many_days_as_somebody_says() {
    const NAME: &str = "WRIT_AUDIT_RETENTION_DAYS";
    let day = std::time::Duration::from_hours(24);
    assert_eq!(read(&[]).unwrap().audit_retention, 365 * day);
    let month = read(&[(NAME, "30")]).unwrap();
    assert_eq!(month.audit_retention, 30 * day);
    for days in ["0", "-1", "36526", "4294967297", "30 d", "for ever", "1.5"] {
        let error = refusal(&[(NAME, days)]);
        assert!(error.contains(NAME) && error.contains(days), "{error}");
    }
}

#[test]
fn public_urls_that_clients_could_not_compare_are_refused() {
    for url in [
        "auth.example.com",
        "ftp://auth.example.com",
        "http://auth.example.com",
        "https://AUTH.example.com",
        "https://auth.example.com:443",
        "https://auth.example.com/?a=b",
        "https://auth.example.com/#",
        "https://me@auth.example.com",
        "https://auth.example.com/a/../b",
    ] {
        let error = refusal(&[
            ("WRIT_PUBLIC_URL", url),
            ("WRIT_ENCRYPTION_KEYS", KEY_ONE),
            ("WRIT_SECRET_PEPPERS", KEY_TWO),
        ]);
        assert!(error.contains("WRIT_PUBLIC_URL"), "{url}: {error}");
    }
}

#[test]
fn keys_are_32_bytes_of_base64_in_either_alphabet() {
    let config = read(&[("WRIT_ENCRYPTION_KEYS", &format!("{KEY_ONE}, {KEY_TWO}"))]).unwrap();
    assert_eq!(config.encryption_keys.len(), 2);
    assert_eq!(config.encryption_keys[0].expose_bytes()[..3], [1, 2, 3]);

    for (keys, word) in [
        ("AQIDBA==", "4 bytes"),
        ("not base64!", "not base64"),
        (&*format!("{KEY_ONE},{KEY_ONE}"), "twice"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "32 times"),
    ] {
        let error = refusal(&[("WRIT_ENCRYPTION_KEYS", keys)]);
        assert!(error.contains(word), "{error}");
        assert!(!error.contains(keys), "a key is not repeated: {error}");
    }
    assert!(
        refusal(&[
            ("WRIT_ENCRYPTION_KEYS", KEY_ONE),
            ("WRIT_SECRET_PEPPERS", KEY_ONE)
        ])
        .contains("share a key")
    );
}

#[test]
fn a_value_may_come_from_a_file_but_not_from_both() {
    let path = file("key", &format!("{KEY_ONE}\n"));
    let path = path.to_str().unwrap();
    let config = read(&[("WRIT_ENCRYPTION_KEYS_FILE", path)]).unwrap();
    assert_eq!(config.encryption_keys[0].to_base64().as_str(), KEY_ONE);

    let error = refusal(&[
        ("WRIT_ENCRYPTION_KEYS_FILE", path),
        ("WRIT_ENCRYPTION_KEYS", KEY_ONE),
    ]);
    assert!(error.contains("keep one of them"), "{error}");
    let error = refusal(&[("WRIT_ENCRYPTION_KEYS_FILE", "/nowhere/key")]);
    assert!(
        error.contains("WRIT_ENCRYPTION_KEYS_FILE") && error.contains("/nowhere/key"),
        "{error}"
    );
}

#[test]
fn the_environment_outweighs_the_toml_file() {
    let path = file(
        "writ.toml",
        "public_url = \"http://localhost:8080\"\nlisten = \"127.0.0.1:8080\"\ndatabase_pool_size = 7\ntrusted_proxies = [\"10.0.0.1\", \"10.1.0.0/16\"]\n",
    );
    let sources = Sources::gather(
        &environment(&[DATABASE, ("WRIT_LISTEN", "127.0.0.1:7777")]),
        Some(&path),
    )
    .unwrap();
    let config = Config::read(&sources).unwrap();
    assert_eq!(config.public_url.as_str(), "http://localhost:8080");
    assert_eq!(config.listen, "127.0.0.1:7777".parse().unwrap());
    assert_eq!(config.database.pool_size, 7);
    assert_eq!(config.trusted_proxies.len(), 2);
}

#[test]
fn an_unknown_toml_key_refuses_to_start_and_names_the_nearest() {
    let path = file("typo.toml", "publik_url = \"http://localhost:9000\"\n");
    let error = Sources::gather(&environment(&[]), Some(&path))
        .expect_err("a refusal")
        .to_string();
    assert!(
        error.contains("publik_url") && error.contains("did you mean `public_url`"),
        "{error}"
    );

    let path = file("stranger.toml", "[metrics]\nport = 1\n");
    let error = Sources::gather(&environment(&[]), Some(&path))
        .expect_err("a refusal")
        .to_string();
    assert!(
        error.contains("`metrics`") && error.contains("is no setting"),
        "{error}"
    );
}

#[test]
fn toml_that_does_not_parse_is_told_by_line_and_not_quoted() {
    let path = file(
        "broken.toml",
        "listen = \"127.0.0.1:1\"\nsecret_peppers = \"hunter2\n",
    );
    let error = Sources::gather(&environment(&[]), Some(&path))
        .expect_err("a refusal")
        .to_string();
    assert!(error.contains("line 2"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn an_unknown_variable_warns_with_the_nearest_name() {
    let sources = Sources::gather(
        &environment(&[
            DATABASE,
            ("WRIT_LISTENN", "x"),
            ("WRIT_SERVICE_HOST", "10.0.0.1"),
            ("WRIT_TEST_DATABASE_URL", "x"),
            ("WRIT_CONFIG", "x"),
        ]),
        None,
    )
    .unwrap();
    let warnings = sources.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("did you mean WRIT_LISTEN?")),
        "{warnings:?}"
    );
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("WRIT_SERVICE_HOST")),
        "{warnings:?}"
    );
}

#[test]
fn an_empty_variable_is_an_absent_one() {
    let config = read(&[
        ("REDIS_URL", ""),
        ("WRIT_TRUSTED_PROXIES", ""),
        ("WRIT_ENCRYPTION_KEYS", ""),
    ])
    .unwrap();
    assert!(config.redis_url.is_none());
    assert!(config.trusted_proxies.is_empty());
}

/// R3: trust in everybody is the hole that others shipped as their default.
#[test]
fn trusting_every_proxy_is_refused() {
    for everybody in ["0.0.0.0/0", "::/0", "10.0.0.1,0.0.0.0/0"] {
        assert!(refusal(&[("WRIT_TRUSTED_PROXIES", everybody)]).contains("trusts every sender"));
    }
    assert!(refusal(&[("WRIT_TRUSTED_PROXIES", "proxy.internal")]).contains("proxy.internal"));
}

#[test]
fn the_admin_port_is_not_the_public_one() {
    assert!(
        refusal(&[
            ("WRIT_LISTEN", "127.0.0.1:9000"),
            ("WRIT_ADMIN_LISTEN", "127.0.0.1:9000")
        ])
        .contains("a port of its own")
    );
}

#[test]
fn half_a_certificate_is_refused() {
    let error = refusal(&[("WRIT_TLS_CERTIFICATE", "-----BEGIN CERTIFICATE-----")]);
    assert!(error.contains("WRIT_TLS_KEY_FILE"), "{error}");
    let error = refusal(&[
        ("WRIT_TLS_CERTIFICATE", "x"),
        ("WRIT_TLS_KEY", "-----BEGIN PRIVATE KEY-----"),
    ]);
    assert!(error.contains("no PEM certificate"), "{error}");
}

#[test]
fn one_role_for_two_purposes_is_refused() {
    assert!(
        refusal(&[("WRIT_DATABASE_APP_ROLE", "writ_platform")]).contains("name one role twice")
    );
    assert!(
        refusal(&[("WRIT_DATABASE_APP_ROLE", "writ\"; drop")]).contains("WRIT_DATABASE_APP_ROLE")
    );
}

#[test]
fn a_short_bootstrap_key_is_refused_and_not_repeated() {
    let error = refusal(&[("WRIT_BOOTSTRAP_ADMIN_KEY", "letmein")]);
    assert!(
        error.contains("32 characters") && !error.contains("letmein"),
        "{error}"
    );
}

#[test]
fn nothing_secret_is_shown() {
    let config = read(&[
        ("WRIT_ENCRYPTION_KEYS", KEY_ONE),
        ("WRIT_SECRET_PEPPERS", KEY_TWO),
        (
            "WRIT_BOOTSTRAP_ADMIN_KEY",
            "0123456789abcdef0123456789abcdef",
        ),
        ("REDIS_URL", "redis://:hunter3@cache:6379"),
    ])
    .unwrap();
    let shown = format!("{config:?}");
    for secret in ["hunter2", "hunter3", KEY_ONE, KEY_TWO, "0123456789abcdef"] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
    assert!(
        config
            .redis_url
            .unwrap()
            .expose_secret()
            .contains("hunter3")
    );
    assert_eq!(
        describe_database_url(&config.database.url),
        "writ on db:5432"
    );

    let error = refusal(&[
        ("REDIS_URL", "hunter3"),
        ("WRIT_DATABASE_DIRECT_URL", "mysql://a:hunter2@b/c"),
    ]);
    assert!(
        !error.contains("hunter3") && !error.contains("hunter2"),
        "{error}"
    );
}
