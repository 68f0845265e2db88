use secrecy::SecretString;

use super::*;
use crate::password::{Verification, verify as verify_stored};

const PASSWORD: &str = "correct horse";

/// Of "correct horse", made by glibc's crypt and by Python's hashlib.
const HASHES: [(&str, &str); 8] = [
    (
        "$2b$04$saltsaltsaltsaltsaltseYJY8opsoBDGH028mm/4k/xt.KNMDi8e",
        "bcrypt:4",
    ),
    (
        "$2y$04$saltsaltsaltsaltsaltseYJY8opsoBDGH028mm/4k/xt.KNMDi8e",
        "bcrypt:4",
    ),
    (
        "$pbkdf2-sha1$i=1000,l=20$c2FsdHNhbHRzYWx0c2FsdA$EUcKisx+yviAqdTmlEPmy+5ykUU",
        "pbkdf2-sha1:1000",
    ),
    (
        "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM",
        "pbkdf2-sha256:1000",
    ),
    // Two blocks of output, as Keycloak has them.
    (
        "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzMlDQ3Yb2wCsKdu0jOOQpv3YwCPvTBpfPZXomHUAcFnjQ",
        "pbkdf2-sha256:2000",
    ),
    (
        "$pbkdf2-sha512$i=1000,l=64$c2FsdHNhbHRzYWx0c2FsdA$EHLBej+uEvxlmr0QnHnceg1vM6h1wbwSP5XErh3SmizNDWZsIi28RPGARe0EssjGRoiACzxgHjNvqwJY1zxKig",
        "pbkdf2-sha512:1000",
    ),
    // passlib.
    (
        "$pbkdf2-sha256$1000$.Pn6./z9/v9zYWx0c2FsdA$3hU8ge5ZP3xfphSKPE690f5YVdSaoitXp8L3MrnoAo0",
        "pbkdf2-sha256:1000",
    ),
    // Django.
    (
        "pbkdf2_sha256$1000$saltsaltsaltsalt$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM=",
        "pbkdf2-sha256:1000",
    ),
];

fn check(password: &str, stored: &str) -> Verification {
    verify_stored(&SecretString::from(password), Some(stored)).unwrap()
}

fn refusal(text: &str) -> ForeignHashError {
    ForeignHash::parse(text).unwrap_err()
}

#[test]
fn hashes_of_other_software_match_their_password_only_and_are_to_be_made_anew() {
    for (text, scheme) in HASHES {
        let hash = ForeignHash::parse(text).unwrap();
        assert_eq!(hash.scheme().unwrap().to_string(), scheme, "{text}");
        let right = Verification::Matches { is_outdated: true };
        assert_eq!(check(PASSWORD, hash.as_str()), right, "{text}");
        for wrong in ["correct horsf", "correct horse ", "", "\0"] {
            let found = check(wrong, hash.as_str());
            assert_eq!(found, Verification::Differs, "{text} {wrong:?}");
        }
        // What is stored can be read again, and is what it was.
        let again = ForeignHash::parse(hash.as_str()).unwrap();
        assert_eq!(again, hash);
        assert!(!format!("{hash:?}").contains("KNMDi8e"));
    }
}

#[test]
fn argon2_of_other_parameters_matches_and_is_to_be_made_anew() {
    let make = |algorithm, memory, iterations, lanes| {
        let params = Params::new(memory, iterations, lanes, None).unwrap();
        let argon2 = argon2::Argon2::new(algorithm, argon2::Version::V0x13, params);
        let hash = argon2::password_hash::PasswordHasher::hash_password_with_salt(
            &argon2,
            PASSWORD.as_bytes(),
            &[7; 16],
        );
        hash.unwrap().to_string()
    };
    for (algorithm, text) in [
        (argon2::Algorithm::Argon2i, "argon2i:64:3:1"),
        (argon2::Algorithm::Argon2d, "argon2d:64:3:1"),
        (argon2::Algorithm::Argon2id, "argon2id:64:3:1"),
    ] {
        let hash = ForeignHash::parse(&make(algorithm, 64, 3, 1)).unwrap();
        assert_eq!(hash.scheme().unwrap().to_string(), text);
        let right = Verification::Matches { is_outdated: true };
        assert_eq!(check(PASSWORD, hash.as_str()), right);
        assert_eq!(check("other", hash.as_str()), Verification::Differs);
    }
    // Made as ours are: nothing foreign about it.
    let ours = make(argon2::Algorithm::Argon2id, MEMORY_KIB, ITERATIONS, LANES);
    assert_eq!(ForeignHash::parse(&ours).unwrap().scheme(), None);
}

/// An import is no way to keep the processors busy.
#[test]
fn what_costs_too_much_to_check_is_refused_where_it_comes_in() {
    let salt = "c2FsdHNhbHRzYWx0c2FsdA";
    let output = "BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM";
    for text in [
        "$2b$14$saltsaltsaltsaltsaltseYJY8opsoBDGH028mm/4k/xt.KNMDi8e".to_owned(),
        "$2b$31$saltsaltsaltsaltsaltseYJY8opsoBDGH028mm/4k/xt.KNMDi8e".to_owned(),
        format!("$pbkdf2-sha256$i=2000001${salt}${output}"),
        format!("$pbkdf2-sha256$i=4294967295${salt}${output}"),
        format!("$pbkdf2-sha1$i=1500000${salt}${output}"),
        format!("$argon2id$v=19$m=131073,t=1,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=64,t=17,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=1024,t=1,p=17${salt}${output}"),
        format!("$argon2id$v=19$m=65536,t=7,p=1${salt}${output}"),
    ] {
        let refused = refusal(&text);
        assert!(
            matches!(refused, ForeignHashError::TooCostly(_)),
            "{text}: {refused}"
        );
    }
}

#[test]
fn what_is_no_hash_is_refused_and_said_so() {
    for text in [
        "",
        "secret",
        "$1$salt$hash",
        "{SSHA}x",
        "$2z$04$x",
        "md5$x",
        "$6$x$y",
        "é",
    ] {
        assert_eq!(refusal(text), ForeignHashError::Unknown, "{text}");
    }
    for text in [
        "$2b$04$short",
        "$2b$xx$saltsaltsaltsaltsaltseYJY8opsoBDGH028mm/4k/xt.KNMDi8e",
        "$2b$04$salt!altsaltsaltsaltseYJY8opsoBDGH028mm/4k/xt.KNMDi8e",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA",
        "$pbkdf2-sha256$i=0$c2FsdHNhbHRzYWx0c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM",
        "$pbkdf2-sha256$i=1000,l=31$c2FsdHNhbHRzYWx0c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM",
        "$pbkdf2-sha256$i=1000$c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM",
        "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$AAAA",
        "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$AAAA$AAAA",
        "pbkdf2_md5$1000$saltsaltsaltsalt$AAAA",
    ] {
        assert!(
            matches!(refusal(text), ForeignHashError::Malformed(_)),
            "{text}"
        );
    }
    assert_eq!(refusal(&"$2b$".repeat(1_000)), ForeignHashError::Unknown);
}

#[test]
fn a_dummy_costs_what_its_scheme_costs_and_matches_nothing() {
    for text in [
        "bcrypt:4",
        "pbkdf2-sha1:1000",
        "pbkdf2-sha256:1000",
        "pbkdf2-sha512:1000",
        "argon2i:64:2:1",
        "argon2d:64:2:1",
        "argon2id:128:3:2",
    ] {
        let scheme = HashScheme::parse(text).unwrap();
        assert_eq!(scheme.to_string(), text);
        let dummy = scheme.dummy();
        assert_eq!(HashScheme::of(&dummy), Some(scheme), "{dummy}");
        for password in ["", "password", "\0"] {
            assert_eq!(check(password, &dummy), Verification::Differs, "{text}");
        }
    }
    for text in [
        "",
        "bcrypt",
        "bcrypt:x",
        "bcrypt:300",
        "bcrypt:4:4",
        "argon2id:1:2",
        "md5:1",
        "pbkdf2-md5:1",
    ] {
        assert_eq!(HashScheme::parse(text), None, "{text}");
    }
}

/// bcrypt itself reads 72 bytes and no more: what was made of them is checked by them.
#[test]
fn a_bcrypt_hash_is_checked_as_it_was_made() {
    let long = "x".repeat(72);
    let made = bcrypt::bcrypt(4, [1; 16], long.as_bytes());
    let stored = format!(
        "$2b$04${}{}",
        BCRYPT_BASE64.encode([1; 16]),
        BCRYPT_BASE64.encode(&made[..23])
    );
    assert!(check(&long, &stored).is_match());
    assert!(check(&format!("{long}y"), &stored).is_match());
    assert!(!check(&long[1..], &stored).is_match());
}
