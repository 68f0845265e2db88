//! The application as `writ serve` runs it: same settings, real sockets, a database of its own; only the
//! clock is the test's.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use outbound::Outbound;
use serde_json::json;
use server::config::{Config, Sources};
use server::{Application, ApplicationHandle, ApplicationSettings};

use super::admin::AdminApi;
use super::browser::Browser;
use super::clock::TestClock;
use super::database::TestDatabase;
use super::leaks::LeakCheck;
use super::outbound::TestInternet;
use super::tenant::TestTenant;
use super::wire::Wire;

/// Not the real one of anybody: 32 bytes of base64 each.
const ENCRYPTION_KEY: &str = "ZW5jcnlwdGlvbi1rZXktb2YtdGhlLXRlc3RzLTAwMDE=";
const SECRET_PEPPER: &str = "c2VjcmV0LXBlcHBlci1vZi10aGUtdGVzdHMtLTAwMDE=";
const ADMIN_KEY: &str = "bootstrap-admin-key-of-the-tests-0123456789";
/// How administrators reach the admin port: what their tokens are for.
pub const ADMIN_URL: &str = "https://admin.writ.test";

/// What a test may want otherwise.
#[derive(Debug, Clone)]
pub struct TestAppOptions {
    /// The default is https, as in production, with TLS ended by a proxy in front.
    pub public_url: String,
    /// More settings by their variables' names; they outweigh the tests' own.
    pub environment: BTreeMap<String, String>,
    /// The hosts that there are; without it every name is unknown.
    pub internet: Option<TestInternet>,
    /// How often the jobs run by themselves; by default never.
    pub job_interval: Option<Duration>,
    /// As in production; off by default, since tests move the clock.
    pub jobs_need_the_right_clock: bool,
}

/// One installation: a database, a clock, and the server that was started first.
#[derive(Debug)]
pub struct TestApp {
    server: RunningServer,
    admin: AdminApi,
    options: TestAppOptions,
    clock: Arc<TestClock>,
    next_address: AtomicU32,
    // Dropped after the servers that use it, once nothing secret was found in it.
    _leak_check: LeakCheck,
    database: Arc<TestDatabase>,
}

/// A second server of the same installation.
#[derive(Debug)]
pub struct Replica {
    server: RunningServer,
    admin: AdminApi,
    _database: Arc<TestDatabase>,
}

/// A server on a thread of its own, with its own runtime, as a process would be.
#[derive(Debug)]
struct RunningServer {
    public: SocketAddr,
    admin: SocketAddr,
    handle: StopHandle,
    runtime: tokio::runtime::Handle,
    thread: Option<JoinHandle<()>>,
}

struct StopHandle(ApplicationHandle);

impl Default for TestAppOptions {
    fn default() -> Self {
        Self {
            public_url: "https://writ.test".to_owned(),
            environment: BTreeMap::new(),
            internet: None,
            job_interval: None,
            jobs_need_the_right_clock: false,
        }
    }
}

impl TestAppOptions {
    /// With one more setting, such as `("WRIT_TRUSTED_PROXIES", "127.0.0.1")`.
    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment
            .insert(variable.to_owned(), value.to_owned());
        self
    }

    /// With hosts of others to fetch from.
    pub fn within(mut self, internet: &TestInternet) -> Self {
        self.internet = Some(internet.clone());
        self
    }

    pub fn at(mut self, public_url: &str) -> Self {
        public_url.clone_into(&mut self.public_url);
        self
    }
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(TestAppOptions::default()).await
    }

    pub async fn start_with(options: TestAppOptions) -> Self {
        Self::start_on(TestDatabase::create().await, options).await
    }

    /// With a system tenant, in which people sign in to administer.
    pub async fn start_with_administrators() -> Self {
        Self::start_with(TestAppOptions::default().with("WRIT_ADMIN_URL", ADMIN_URL)).await
    }

    /// Behind a proxy that it trusts: what `x-forwarded-…` says counts, so a test may come from many addresses.
    pub async fn start_behind_a_proxy() -> Self {
        Self::start_with(TestAppOptions::default().with("WRIT_TRUSTED_PROXIES", "127.0.0.1")).await
    }

    /// On a database that the test made, to reach it by a way of the test's own.
    pub async fn start_on(database: TestDatabase, options: TestAppOptions) -> Self {
        let database = Arc::new(database);
        let clock = Arc::new(TestClock::starting_now());
        let server = RunningServer::start(&options, &database, Arc::clone(&clock)).await;
        let admin = AdminApi::at(server.admin, ADMIN_KEY);
        Self {
            server,
            admin,
            options,
            clock,
            next_address: AtomicU32::new(1),
            _leak_check: LeakCheck(Arc::clone(&database)),
            database,
        }
    }

    /// Another server beside the first: same database, keys and clock.
    pub async fn start_replica(&self) -> Replica {
        let server =
            RunningServer::start(&self.options, &self.database, Arc::clone(&self.clock)).await;
        let admin = AdminApi::at(server.admin, ADMIN_KEY);
        Replica {
            server,
            admin,
            _database: Arc::clone(&self.database),
        }
    }

    /// A server beside the first that is set up otherwise in one thing.
    pub async fn start_replica_with(&self, variable: &str, value: &str) -> Replica {
        let options = self.options.clone().with(variable, value);
        let server = RunningServer::start(&options, &self.database, Arc::clone(&self.clock)).await;
        let admin = AdminApi::at(server.admin, ADMIN_KEY);
        Replica {
            server,
            admin,
            _database: Arc::clone(&self.database),
        }
    }

    /// The first server does what is due by its clock, as it would by itself from time to time.
    pub async fn run_due_jobs(&self) {
        self.server.run_due_jobs().await;
    }

    /// A tenant with a resource, made through the admin API.
    pub async fn tenant(&self, slug: &str) -> TestTenant {
        TestTenant::create(
            self,
            json!({ "slug": slug, "display_name": display_name(slug) }),
        )
        .await
    }

    /// Whose users administer the installation; of an app that has one.
    pub fn system_tenant(&self) -> TestTenant {
        TestTenant::system(self)
    }

    /// A tenant whose issuer is this URL.
    pub async fn tenant_at(&self, slug: &str, issuer: &str) -> TestTenant {
        let body = json!({ "slug": slug, "display_name": display_name(slug), "issuer": issuer });
        TestTenant::create(self, body).await
    }

    /// A tenant made with exactly this body.
    pub async fn tenant_with(&self, body: serde_json::Value) -> TestTenant {
        TestTenant::create(self, body).await
    }

    /// The admin API, with the key that is valid for every tenant.
    pub fn admin(&self) -> &AdminApi {
        &self.admin
    }

    /// The way to the public port.
    pub fn wire(&self) -> Wire {
        Wire::to(self.server.public)
    }

    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// The clock itself, for whoever signs by it.
    pub fn shared_clock(&self) -> Arc<TestClock> {
        Arc::clone(&self.clock)
    }

    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    pub fn public_url(&self) -> &str {
        &self.options.public_url
    }

    /// What the first server was started with, by the variables' names: for a program beside it.
    pub fn settings(&self) -> Vec<(String, String)> {
        environment(&self.options, &self.database)
            .into_iter()
            .map(|(name, value)| (name, value.into_string().unwrap()))
            .collect()
    }

    /// The settings that nobody may read anywhere, by name.
    pub fn secret_settings(&self) -> Vec<(&'static str, String)> {
        let database = url::Url::parse(self.database.url()).unwrap();
        let mut settings = vec![
            ("encryption key", ENCRYPTION_KEY.to_owned()),
            ("pepper", SECRET_PEPPER.to_owned()),
            ("bootstrap key", ADMIN_KEY.to_owned()),
            ("database URL", database.to_string()),
        ];
        // That of a server that is not ours may be its role's name, which stands in every dump.
        let password = database.password().filter(|text| text.len() >= 8);
        settings.extend(password.map(|password| ("database password", password.to_owned())));
        settings
    }

    /// A browser in which nobody has signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(self.wire())
    }

    /// A counter or gauge of the first server, as a scrape reads it; none when it was never touched.
    pub async fn metric(&self, name: &str) -> Option<i64> {
        let scraped = self
            .admin
            .wire()
            .get(&self.admin.url("/metrics"))
            .await
            .expect_status(200);
        let mut lines = scraped.body.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// How many password hashes were computed so far: what M1, M4 and E5 count instead of time.
    pub async fn password_computations(&self) -> i64 {
        self.metric("writ_password_computations")
            .await
            .expect("the gauge of password computations")
    }

    /// A number that no other thing of this application has.
    pub(super) fn next_number(&self) -> u32 {
        self.next_address.fetch_add(1, Ordering::Relaxed)
    }
}

impl Replica {
    pub fn wire(&self) -> Wire {
        Wire::to(self.server.public)
    }

    pub fn admin(&self) -> &AdminApi {
        &self.admin
    }

    /// It does what is due by its clock.
    pub async fn run_due_jobs(&self) {
        self.server.run_due_jobs().await;
    }
}

impl RunningServer {
    async fn start(
        options: &TestAppOptions,
        database: &TestDatabase,
        clock: Arc<TestClock>,
    ) -> Self {
        let config = config(options, database);
        let jobs = (options.job_interval, options.jobs_need_the_right_clock);
        let internet = match &options.internet {
            Some(internet) => internet.clone(),
            None => TestInternet::of(&[]).await,
        };
        let outbound = Outbound::with_world(internet.world()).unwrap();
        let (started, starting) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let mut settings = ApplicationSettings::from_config(config).unwrap();
                settings.authority.clock = clock;
                settings.authority.outbound = outbound;
                (settings.jobs.interval, settings.jobs.need_the_right_clock) = jobs;
                settings.workers = 2;
                settings.shutdown_timeout = Duration::from_secs(1);
                let application = Application::build(settings).await.unwrap();
                let addresses = (application.public_address(), application.admin_address());
                let runtime = tokio::runtime::Handle::current();
                let handle = (application.handle(), runtime);
                started.send((addresses, handle)).ok();
                application.run().await.unwrap();
            });
        });
        let Ok(((public, admin), (handle, runtime))) = starting.await else {
            let reason = thread
                .join()
                .expect_err("a server that did not start panicked");
            std::panic::resume_unwind(reason);
        };
        Self {
            public,
            admin,
            handle: StopHandle(handle),
            runtime,
            thread: Some(thread),
        }
    }
}

impl RunningServer {
    /// Where its connections live: on its own runtime.
    async fn run_due_jobs(&self) {
        let handle = self.handle.0.clone();
        let round = self
            .runtime
            .spawn(async move { handle.run_due_jobs().await });
        round.await.unwrap().unwrap();
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        let handle = self.handle.0.clone();
        let thread = self.thread.take();
        // `drop` cannot wait for a future on this thread's runtime, so another thread does.
        let stopping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(handle.abort());
            thread.map(JoinHandle::join)
        });
        let stopped = stopping.join();
        if !std::thread::panicking() {
            assert!(matches!(stopped, Ok(Some(Ok(())))), "the server panicked");
        }
    }
}

impl std::fmt::Debug for StopHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StopHandle")
    }
}

/// Read by the same code that reads an operator's settings.
fn config(options: &TestAppOptions, database: &TestDatabase) -> Config {
    let environment = environment(options, database);
    Config::read(&Sources::gather(&environment, None).unwrap()).unwrap()
}

fn environment(
    options: &TestAppOptions,
    database: &TestDatabase,
) -> BTreeMap<String, std::ffi::OsString> {
    let own = [
        ("DATABASE_URL", database.url()),
        ("WRIT_DATABASE_POOL_SIZE", "8"),
        ("WRIT_PUBLIC_URL", &options.public_url),
        ("WRIT_LISTEN", "127.0.0.1:0"),
        ("WRIT_ADMIN_LISTEN", "127.0.0.1:0"),
        ("WRIT_ENCRYPTION_KEYS", ENCRYPTION_KEY),
        ("WRIT_SECRET_PEPPERS", SECRET_PEPPER),
        ("WRIT_BOOTSTRAP_ADMIN_KEY", ADMIN_KEY),
        // A test that is about them asks for some.
        ("WRIT_SPARE_RSA_KEYS", "0"),
    ];
    let mut environment: BTreeMap<String, std::ffi::OsString> = own
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.into()))
        .collect();
    environment.extend(
        options
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), value.into())),
    );
    environment
}

fn display_name(slug: &str) -> String {
    let mut letters = slug.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
