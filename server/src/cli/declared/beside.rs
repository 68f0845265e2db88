//! Files that a declaration names beside itself.
//!
//! Whoever proposes a declaration may be a stranger to whoever applies it, and what is read is shown and sent: nothing
//! outside of the declaration's folder is read, wherever links lead, and nothing that is no file or has no end.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _};
use std::path::{Component, Path};

/// As large as a text of policies may be.
const MOST_BYTES: u64 = 64 * 1024;

/// The text of the file of this name, which may be in a folder below.
pub(super) fn read(folder: &Path, name: &str) -> Result<String, Error> {
    let refused = |why: &str| Error::new(ErrorKind::InvalidInput, why);
    let name = Path::new(name);
    let is_below = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if !name.components().all(is_below) {
        return Err(refused("name a file beside this one, without .. and /"));
    }
    let folder = folder.canonicalize()?;
    let path = folder.join(name).canonicalize()?;
    if !path.starts_with(&folder) {
        return Err(refused("it leads out of the folder of this one"));
    }
    if !path.metadata()?.is_file() {
        return Err(refused("it is no file"));
    }
    let mut text = String::new();
    File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(refused("it has more than 64 KB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beside_is_read_and_nothing_else() {
        let root = std::env::temp_dir().join(format!("writ-beside-{}", std::process::id()));
        let folder = root.join("tenant");
        std::fs::create_dir_all(folder.join("below")).unwrap();
        std::fs::write(root.join("key"), "secret").unwrap();
        std::fs::write(folder.join("acme.cedar"), "permit").unwrap();
        std::fs::write(folder.join("below/more.cedar"), "forbid").unwrap();
        std::fs::write(folder.join("large.cedar"), vec![b'x'; 65_537]).unwrap();
        std::os::unix::fs::symlink("../key", folder.join("link")).unwrap();
        std::os::unix::fs::symlink("acme.cedar", folder.join("same")).unwrap();
        for (name, text) in [
            ("acme.cedar", "permit"),
            ("./acme.cedar", "permit"),
            ("below/more.cedar", "forbid"),
            ("same", "permit"),
        ] {
            assert_eq!(read(&folder, name).unwrap(), text, "{name}");
        }
        let absolute = root.join("key");
        for name in [
            "../key",
            absolute.to_str().unwrap(),
            "/proc/self/environ",
            "/dev/zero",
            "link",
            "below",
            "below/../../key",
            "large.cedar",
            "nothing",
        ] {
            assert!(read(&folder, name).is_err(), "{name}");
        }
        std::fs::remove_dir_all(root).unwrap();
    }
}
