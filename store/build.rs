//! `sqlx::migrate!` reads the folder at compile time; cargo must know to look again.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
