//! What a thief of the whole storage gets: the dump of a test's database, and that of its Redis.

use std::path::Path;
use std::process::Command;

use super::database::TestDatabase;
use super::redis::RedisServer;

/// How many keys of Redis there are, and how many of them never go.
const COUNT_KEYS: &str = "local keys, endless = redis.call('KEYS', '*'), 0
    for _, key in ipairs(keys) do
        if redis.call('PTTL', key) < 0 then endless = endless + 1 end
    end
    return #keys .. ' ' .. endless";

impl TestDatabase {
    /// Exactly what `pg_dump` writes; bytes are in hexadecimal there.
    pub fn db_pg_dump(&self) -> String {
        pg_dump(self.superuser_url().as_str())
    }
}

/// What `pg_dump` writes of any database.
pub fn pg_dump(url: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres-programs.sh");
    let folder = output_of(&mut Command::new(script));
    let program = Path::new(folder.trim()).join("pg_dump");
    let dump = output_of(Command::new(program).arg(url));
    assert!(dump.contains("PostgreSQL database dump complete"));
    dump
}

impl RedisServer {
    /// What `redis-cli --rdb` writes, read as text where it is text.
    pub fn dump(&self) -> String {
        self.ask(&["CONFIG", "SET", "rdbcompression", "no"]);
        let dump = self.ask(&["--rdb", "-"]);
        assert!(dump.contains("REDIS0"), "{dump:?}");
        dump
    }

    /// How many keys there are, and how many of them never go by themselves.
    pub fn count_keys(&self) -> (u32, u32) {
        let counted = self.ask(&["EVAL", COUNT_KEYS, "0"]);
        let (keys, endless) = counted.trim().split_once(' ').unwrap();
        (keys.parse().unwrap(), endless.parse().unwrap())
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-u", &self.url()]).args(arguments);
        output_of(&mut command)
    }
}

fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
