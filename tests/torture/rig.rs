//! PostgreSQL, Redis, two replicas, the clients, and the hand that kills.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::Row as _;

use super::checker::Autopsy;
use super::client::{HonestClient, Scene};
use super::history::{self, Line, Recorder};
use super::postgres::{DurablePostgres, PASSWORD};
use super::process::{Folder, last_words};
use super::randomness::Randomness;
use super::replica::{ADMIN_KEY, Place, ReplicaProcess};
use crate::harness::{
    AdminApi, Browser, ClientAuthentication, MISTYPED_PASSWORD, OAuthClient, PASSWORD_CANARY,
    RedisServer, ResourceServer, Secrets, TestUser, Wire, find_leaks, pg_dump,
};

/// How much of it.
#[derive(Debug, Clone)]
pub struct Plan {
    pub clients: u64,
    /// At least so many.
    pub operations: u64,
    pub kills_of_postgres: u64,
    /// Of both replicas together.
    pub kills_of_replicas: u64,
    pub kills_of_redis: u64,
    /// On average.
    pub between_kills: Duration,
    pub seed: u64,
    /// Where the history is kept; without it, it goes with the run.
    pub history: Option<PathBuf>,
    pub fault: Option<Fault>,
}

/// What breaks a promise on purpose: with it the run must fail, or it proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// PostgreSQL answers commits that are not on the disk yet.
    Forgetful,
    /// Any second use of a refresh token is theft, also an honest retry.
    Strict,
}

impl Plan {
    pub fn kills(&self) -> u64 {
        self.kills_of_postgres + self.kills_of_replicas + self.kills_of_redis
    }

    /// In turn, so that one is killed while another still recovers.
    fn victims(&self) -> Vec<Victim> {
        let most = self
            .kills_of_postgres
            .max(self.kills_of_replicas)
            .max(self.kills_of_redis);
        let mut victims = Vec::new();
        for round in 0..most {
            if round < self.kills_of_postgres {
                victims.push(Victim::Postgres);
            }
            if round < self.kills_of_replicas {
                victims.push(Victim::Replica(usize::from(round % 2 == 1)));
            }
            if round % 2 == 1 && round / 2 < self.kills_of_redis {
                victims.push(Victim::Redis);
            }
        }
        victims
    }
}

#[derive(Debug, Clone, Copy)]
enum Victim {
    Postgres,
    Replica(usize),
    Redis,
}

impl std::fmt::Display for Victim {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Postgres => out.write_str("postgres"),
            Self::Replica(number) => write!(out, "replica {}", number + 1),
            Self::Redis => out.write_str("redis"),
        }
    }
}

#[derive(Debug)]
pub struct Rig {
    // In this order they end.
    replicas: Vec<ReplicaProcess>,
    redis: RedisServer,
    postgres: DurablePostgres,
    scene: Arc<Scene>,
    resource_servers: Vec<ResourceServer>,
    secrets: Secrets,
    history: PathBuf,
    _folder: Folder,
}

impl Rig {
    /// Everything up, a tenant made, a person signed in.
    pub async fn start(plan: &Plan) -> Self {
        let folder = Folder::make();
        let postgres = DurablePostgres::start(plan.fault == Some(Fault::Forgetful)).await;
        let redis = RedisServer::start().await;
        ReplicaProcess::migrate(&postgres.url());
        let mut replicas = Vec::new();
        for number in 1..=2 {
            let (database, redis) = (postgres.url(), redis.url());
            replicas.push(ReplicaProcess::start(number, &database, &redis, folder.path()).await);
        }
        let admin = AdminApi::at(replicas[0].admin(), ADMIN_KEY);
        let places: Vec<Arc<Place>> = replicas.iter().map(ReplicaProcess::place).collect();
        let tenant = Tenant::make(&admin, &places[0].wire).await;
        if plan.fault == Some(Fault::Strict) {
            let strict = json!({ "refresh_grace_window": 0 });
            let changed = admin.patch("/admin/v1/tenants/acme", &strict).await;
            changed.expect_status(200);
        }
        let mut resource_servers = Vec::new();
        for _ in 0..plan.clients {
            resource_servers.push(tenant.resource_server().await);
        }
        let history = plan
            .history
            .clone()
            .unwrap_or_else(|| folder.path().join("history"));
        let cookie = tenant.cookie().await;
        let mut secrets = tenant.secrets(&cookie);
        for (name, value) in replicas[0].secret_settings() {
            secrets.keep(name, value);
        }
        secrets.keep("PostgreSQL password", PASSWORD);
        secrets.keep("mistyped password", MISTYPED_PASSWORD);
        for resource_server in &resource_servers {
            secrets.keep("resource secret", &resource_server.client_secret);
        }
        let scene = Scene {
            recorder: Recorder::create(&history),
            places,
            cookie,
            oauth: tenant.client.clone(),
            is_over: AtomicBool::new(false),
        };
        Self {
            replicas,
            redis,
            postgres,
            scene: Arc::new(scene),
            resource_servers,
            secrets,
            history,
            _folder: folder,
        }
    }

    /// Clients at work until everything has been killed as often as planned and enough was done.
    pub async fn run(&mut self, plan: &Plan) -> Vec<Line> {
        let mut seeds = Randomness::of(plan.seed);
        let clients: Vec<_> = self
            .resource_servers
            .iter()
            .map(|resource_server| {
                let scene = Arc::clone(&self.scene);
                let client = HonestClient::new(scene, resource_server.clone(), seeds.number());
                tokio::spawn(client.live())
            })
            .collect();
        self.kill_everything(plan, &mut seeds).await;
        let recorder = &self.scene.recorder;
        while recorder.operations() < plan.operations {
            self.panic_if_a_client_did(&clients);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.scene.is_over.store(true, Ordering::Relaxed);
        for client in join_all(clients).await {
            if let Err(error) = client {
                panic!("a client: {error}; replicas: {}", self.words_of_replicas());
            }
        }
        self.scene.recorder.flush();
        history::read(&self.history)
    }

    async fn kill_everything(&mut self, plan: &Plan, random: &mut Randomness) {
        let average = u64::try_from(plan.between_kills.as_millis()).unwrap();
        for victim in plan.victims() {
            let pause = average / 2 + random.below(average);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            self.scene.recorder.write(&Line::Kill {
                at: self.scene.recorder.now(),
                victim: victim.to_string(),
            });
            match victim {
                Victim::Postgres => {
                    self.postgres.kill();
                    self.postgres.launch().await;
                }
                Victim::Replica(number) => self.replicas[number].kill_and_restart().await,
                Victim::Redis => self.redis.kill_and_restart().await,
            }
        }
    }

    fn panic_if_a_client_did(&self, clients: &[tokio::task::JoinHandle<()>]) {
        assert!(
            clients.iter().all(|client| !client.is_finished()),
            "a client gave up; replicas: {}",
            self.words_of_replicas()
        );
    }

    fn words_of_replicas(&self) -> String {
        let words = self.replicas.iter().map(|one| last_words(one.log()));
        words.collect::<Vec<_>>().join("\n")
    }

    /// What is left when everything was killed holds no secret: neither one that we know, nor anything of the
    /// form of one (row F11).
    pub async fn stores_no_secret(&self) {
        self.redis.until_a_slip_counts(&self.scene.oauth).await;
        let url = self.postgres.superuser_url("writ");
        let leaks = find_leaks(&url).await.unwrap();
        assert_eq!(leaks, Vec::<String>::new(), "a secret is stored");
        let rows = pg_dump(&url);
        assert!(
            rows.contains("COPY public.refresh_families ("),
            "{rows:.200}"
        );
        self.secrets.are_not_in("pg_dump", &rows);
        self.secrets.are_not_in("Redis", &self.redis.dump());
    }

    /// What the database holds, past every lock of the application.
    pub async fn autopsy(&self) -> Autopsy {
        let mut database = self.postgres.connect("writ").await.unwrap();
        let row = sqlx::query(
            "select count(*) filter (where f.revoked_at is null and g.revoked_at is null),
                 coalesce(sum(f.generation) filter (where f.revoked_at is null and g.revoked_at is null), 0),
                 count(*) - count(distinct (f.tenant_id, f.grant_id))
             from refresh_families f
             join grants g on g.tenant_id = f.tenant_id and g.grant_id = f.grant_id",
        );
        let row = row.fetch_one(&mut database).await.unwrap();
        let number = |index: usize| u64::try_from(row.get::<i64, _>(index)).unwrap();
        Autopsy {
            live_families: number(0),
            rotations: number(1),
            forked_grants: number(2),
        }
    }
}

/// What an operator makes, and a person who signs in.
struct Tenant<'a> {
    admin: &'a AdminApi,
    client: OAuthClient,
    resource_id: String,
    user: TestUser,
}

impl<'a> Tenant<'a> {
    async fn make(admin: &'a AdminApi, wire: &Wire) -> Self {
        let create = async |below: &str, body: Value| {
            let path = format!("/admin/v1/tenants{below}");
            admin.create(&path, &body).await
        };
        let text = |made: &Value, name: &str| made[name].as_str().unwrap().to_owned();
        let tenant = create("", json!({ "slug": "acme", "display_name": "Acme" })).await;
        let resource = json!({
            "identifier": "https://mcp.acme.test/mcp",
            "name": "Notes",
            "scopes": [{ "name": "notes:read", "description": "Read your notes", "default": true }],
        });
        let resource = create("/acme/resources", resource).await;
        let client = json!({
            "client_name": "Notes on the web",
            "redirect_uris": ["https://notes.example/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "client_secret_basic",
        });
        let client = create("/acme/clients", client).await;
        let password = format!("{PASSWORD_CANARY}alice");
        let user = json!({ "username": "alice", "password": password });
        let user = create("/acme/users", user).await;
        Self {
            admin,
            client: OAuthClient {
                issuer: text(&tenant, "issuer"),
                wire: wire.clone(),
                client_id: text(&client, "client_id"),
                authentication: ClientAuthentication::Basic(text(&client, "client_secret")),
                redirect_uri: "https://notes.example/callback".to_owned(),
                resource: Some(text(&resource, "identifier")),
                dpop: None,
            },
            resource_id: text(&resource, "id"),
            user: TestUser {
                id: text(&user, "id"),
                username: "alice".to_owned(),
                password,
            },
        }
    }

    async fn resource_server(&self) -> ResourceServer {
        let path = format!(
            "/admin/v1/tenants/acme/resources/{}/credentials",
            self.resource_id
        );
        let made = self.admin.create(&path, &json!({})).await;
        ResourceServer {
            issuer: self.client.issuer.clone(),
            wire: self.client.wire.clone(),
            client_id: made["client_id"].as_str().unwrap().to_owned(),
            client_secret: made["client_secret"].as_str().unwrap().to_owned(),
        }
    }

    fn secrets(&self, cookie: &str) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.keep("password", &self.user.password);
        secrets.keep("client secret", self.client.secret().unwrap());
        for pair in cookie.split("; ") {
            let (name, value) = pair.split_once('=').unwrap();
            secrets.keep(name, value);
        }
        secrets
    }

    /// Signed in, and the consent remembered: from now on a request is a code.
    async fn cookie(&self) -> String {
        let browser = Browser::new(self.client.wire.clone()).for_user(self.user.clone());
        self.client.authorize(&browser).await.code();
        let cookies = browser.cookies();
        let pairs = cookies
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value));
        pairs.collect::<Vec<_>>().join("; ")
    }
}
