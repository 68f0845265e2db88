//! Hashes that other software made: bcrypt, PBKDF2, argon2 with parameters that are not ours.
//!
//! People who come from elsewhere bring them along; each is checked as it is until its owner signs in, and is
//! then made anew with ours. What a hash costs is decided by whoever wrote it, so it is bounded where it comes in
//! ([`ForeignHash::parse`]): about half a second of one core at most.
//!
//! To add one more: a variant of [`HashScheme`] with its text, its bound, its dummy and its check.

use std::fmt;
use std::num::NonZeroU32;

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;
use aws_lc_rs::pbkdf2;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD, STANDARD_NO_PAD};
use base64::{Engine as _, alphabet};

use super::{ITERATIONS, LANES, MEMORY_KIB, PasswordError};
use crate::constant_time;

const BCRYPT_COSTS: std::ops::RangeInclusive<u8> = 4..=13;
const BCRYPT_LENGTH: usize = 60;
/// bcrypt reads no further, whoever made the hash.
const BCRYPT_PASSWORD_BYTES: usize = 72;
const ARGON2_MEMORY_KIB: u32 = 131_072;
const ARGON2_ITERATIONS: u32 = 16;
const ARGON2_LANES: u32 = 16;
/// Memory passed over in all: 384 MiB.
const ARGON2_WORK_KIB: u64 = 393_216;
const SALT_BYTES: std::ops::RangeInclusive<usize> = 8..=64;
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
const LONGEST: usize = 512;

/// Its own alphabet; and some writers leave bits of the salt that nobody reads.
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    NO_PAD.with_decode_allow_trailing_bits(true),
);

/// What a hash was made with, and so what checking it costs. Ours of today is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashScheme {
    Bcrypt {
        cost: u8,
    },
    Pbkdf2 {
        digest: Pbkdf2Digest,
        iterations: u32,
    },
    Argon2 {
        variant: Argon2Variant,
        memory_kib: u32,
        iterations: u32,
        lanes: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pbkdf2Digest {
    Sha1,
    Sha256,
    Sha512,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Argon2Variant {
    I,
    D,
    Id,
}

/// A hash that can be checked here, in the one spelling that is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ForeignHash {
    text: String,
    /// None: it is just as ours are made.
    scheme: Option<HashScheme>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignHashError {
    #[error(
        "No hash that is known here: bcrypt ($2a$, $2b$, $2y$), argon2 ($argon2i$, $argon2d$, $argon2id$) or PBKDF2 \
         ($pbkdf2-sha1$, $pbkdf2-sha256$, $pbkdf2-sha512$, or Django's pbkdf2_sha1$ and pbkdf2_sha256$)."
    )]
    Unknown,
    #[error("Begins like a hash of {0}, and does not go on like one.")]
    Malformed(&'static str),
    #[error("Checking it costs too much: {0}.")]
    TooCostly(&'static str),
}

impl ForeignHash {
    pub fn parse(text: &str) -> Result<Self, ForeignHashError> {
        if text.len() > LONGEST || !text.is_ascii() {
            return Err(ForeignHashError::Unknown);
        }
        if let Some(rest) = text.strip_prefix("pbkdf2_") {
            return parse_django(rest);
        }
        match text.split('$').nth(1).unwrap_or_default() {
            "2a" | "2b" | "2y" => parse_bcrypt(text),
            "argon2i" | "argon2d" | "argon2id" => parse_argon2(text),
            "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512" => parse_pbkdf2(text),
            _ => Err(ForeignHashError::Unknown),
        }
    }

    /// What is stored.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub const fn scheme(&self) -> Option<HashScheme> {
        self.scheme
    }
}

impl fmt::Debug for ForeignHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ForeignHash")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

fn parse_bcrypt(text: &str) -> Result<ForeignHash, ForeignHashError> {
    let parts = Bcrypt::read(text).ok_or(ForeignHashError::Malformed("bcrypt"))?;
    if !BCRYPT_COSTS.contains(&parts.cost) {
        return Err(ForeignHashError::TooCostly("bcrypt up to a cost of 13"));
    }
    Ok(ForeignHash {
        text: text.to_owned(),
        scheme: Some(HashScheme::Bcrypt { cost: parts.cost }),
    })
}

fn parse_argon2(text: &str) -> Result<ForeignHash, ForeignHashError> {
    let malformed = || ForeignHashError::Malformed("argon2");
    let hash = PasswordHash::new(text).map_err(|_| malformed())?;
    let params = Params::try_from(&hash).map_err(|_| malformed())?;
    let has_all = hash.salt.is_some()
        && hash.hash.is_some()
        && params.keyid().is_empty()
        && params.data().is_empty();
    let variant = Argon2Variant::parse(hash.algorithm.as_str()).filter(|_| has_all);
    let variant = variant.ok_or_else(malformed)?;
    let (memory_kib, iterations, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    let is_affordable = memory_kib <= ARGON2_MEMORY_KIB
        && iterations <= ARGON2_ITERATIONS
        && lanes <= ARGON2_LANES
        && u64::from(memory_kib) * u64::from(iterations) <= ARGON2_WORK_KIB;
    if !is_affordable {
        return Err(ForeignHashError::TooCostly(
            "argon2 up to m=131072, t=16, p=16, and m times t up to 393216",
        ));
    }
    let is_ours = variant == Argon2Variant::Id
        && hash.version.is_none_or(|version| version == 0x13)
        && (memory_kib, iterations, lanes) == (MEMORY_KIB, ITERATIONS, LANES);
    let scheme = HashScheme::Argon2 {
        variant,
        memory_kib,
        iterations,
        lanes,
    };
    Ok(ForeignHash {
        text: text.to_owned(),
        scheme: (!is_ours).then_some(scheme),
    })
}

/// `$pbkdf2-sha256$i=600000,l=32$salt$hash` (PHC), or passlib's `$pbkdf2-sha256$29000$salt$hash`, whose base64 has
/// dots for pluses and whose `$pbkdf2$` is SHA-1.
fn parse_pbkdf2(text: &str) -> Result<ForeignHash, ForeignHashError> {
    let malformed = || ForeignHashError::Malformed("PBKDF2");
    let fields: Vec<&str> = text.split('$').collect();
    let [_, name, parameters, salt, output] = fields[..] else {
        return Err(malformed());
    };
    let digest = match name {
        "pbkdf2" => Pbkdf2Digest::Sha1,
        name => Pbkdf2Digest::parse(name).ok_or_else(malformed)?,
    };
    let (iterations, length) = if parameters.contains('=') {
        phc_parameters(parameters).ok_or_else(malformed)?
    } else {
        (number(parameters).ok_or_else(malformed)?, None)
    };
    let salt = unpadded(salt).ok_or_else(malformed)?;
    let output = unpadded(output).ok_or_else(malformed)?;
    if length.is_some_and(|length| length != output.len()) {
        return Err(malformed());
    }
    pbkdf2_hash(&Pbkdf2 {
        digest,
        iterations,
        salt,
        output,
    })
}

/// `sha256$600000$salt$hash`: the salt is the text itself, the hash padded base64.
fn parse_django(rest: &str) -> Result<ForeignHash, ForeignHashError> {
    let malformed = || ForeignHashError::Malformed("PBKDF2");
    let fields: Vec<&str> = rest.split('$').collect();
    let [name, iterations, salt, output] = fields[..] else {
        return Err(malformed());
    };
    let digest = Pbkdf2Digest::parse(&format!("pbkdf2-{name}")).ok_or_else(malformed)?;
    pbkdf2_hash(&Pbkdf2 {
        digest,
        iterations: number(iterations).ok_or_else(malformed)?,
        salt: salt.as_bytes().to_vec(),
        output: STANDARD.decode(output).map_err(|_| malformed())?,
    })
}

fn pbkdf2_hash(parts: &Pbkdf2) -> Result<ForeignHash, ForeignHashError> {
    let has_sizes =
        SALT_BYTES.contains(&parts.salt.len()) && OUTPUT_BYTES.contains(&parts.output.len());
    if !has_sizes {
        return Err(ForeignHashError::Malformed("PBKDF2"));
    }
    // A longer output is computed block by block, each at the full price.
    let blocks = parts.output.len().div_ceil(parts.digest.output_bytes());
    let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
    let work = parts.iterations.saturating_mul(blocks);
    if work > parts.digest.most_iterations() {
        return Err(ForeignHashError::TooCostly(
            "PBKDF2 up to 2,000,000 iterations, 1,000,000 with SHA-512, counted once per block of output",
        ));
    }
    Ok(ForeignHash {
        text: parts.to_string(),
        scheme: Some(HashScheme::Pbkdf2 {
            digest: parts.digest,
            iterations: work,
        }),
    })
}

fn phc_parameters(text: &str) -> Option<(u32, Option<usize>)> {
    let (mut iterations, mut length) = (None, None);
    for parameter in text.split(',') {
        match parameter.split_once('=')? {
            ("i", value) => iterations = Some(number(value)?),
            ("l", value) => length = Some(usize::try_from(number(value)?).ok()?),
            _ => return None,
        }
    }
    Some((iterations?, length))
}

fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_plain && *number > 0)
}

fn unpadded(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.replace('.', "+")).ok()
}

struct Bcrypt {
    cost: u8,
    salt: [u8; 16],
    output: [u8; 23],
}

impl Bcrypt {
    fn read(text: &str) -> Option<Self> {
        let is_shaped = text.len() == BCRYPT_LENGTH && text.is_ascii() && text.get(6..7)? == "$";
        let cost = number(text.get(4..6).filter(|_| is_shaped)?)?;
        let salt = BCRYPT_BASE64.decode(text.get(7..29)?).ok()?;
        let output = BCRYPT_BASE64.decode(text.get(29..)?).ok()?;
        Some(Self {
            cost: u8::try_from(cost).ok()?,
            salt: salt.try_into().ok()?,
            output: output.try_into().ok()?,
        })
    }

    fn is_of(&self, password: &[u8]) -> bool {
        // Ended by a zero, and cut where every bcrypt cuts: as the hash was made, the password is checked.
        let mut ended = zeroize::Zeroizing::new(password.to_vec());
        ended.push(0);
        ended.truncate(BCRYPT_PASSWORD_BYTES);
        let computed = bcrypt::bcrypt(u32::from(self.cost), self.salt, &ended);
        constant_time::equal(&computed[..self.output.len()], &self.output)
    }
}

struct Pbkdf2 {
    digest: Pbkdf2Digest,
    iterations: u32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Pbkdf2 {
    fn is_of(&self, password: &[u8]) -> Result<bool, PasswordError> {
        let iterations = NonZeroU32::new(self.iterations).ok_or(PasswordError::Corrupt)?;
        let algorithm = self.digest.algorithm();
        let verified = pbkdf2::verify(algorithm, iterations, &self.salt, password, &self.output);
        Ok(verified.is_ok())
    }
}

impl fmt::Display for Pbkdf2 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "${}$i={},l={}${}${}",
            self.digest.as_str(),
            self.iterations,
            self.output.len(),
            STANDARD_NO_PAD.encode(&self.salt),
            STANDARD_NO_PAD.encode(&self.output),
        )
    }
}

/// None: not one of these, and for argon2 to check.
pub(super) fn verify(password: &[u8], stored: &str) -> Option<Result<bool, PasswordError>> {
    if stored.starts_with("$2") {
        let read = Bcrypt::read(stored).filter(|parts| BCRYPT_COSTS.contains(&parts.cost));
        return Some(match read {
            Some(parts) => Ok(parts.is_of(password)),
            None => Err(PasswordError::Corrupt),
        });
    }
    if !stored.starts_with("$pbkdf2-") {
        return None;
    }
    let fields: Vec<&str> = stored.split('$').collect();
    let [_, name, parameters, salt, output] = fields[..] else {
        return Some(Err(PasswordError::Corrupt));
    };
    let read = || {
        Some(Pbkdf2 {
            digest: Pbkdf2Digest::parse(name)?,
            iterations: phc_parameters(parameters)?.0,
            salt: unpadded(salt)?,
            output: unpadded(output)?,
        })
    };
    Some(
        read()
            .ok_or(PasswordError::Corrupt)
            .and_then(|parts| parts.is_of(password)),
    )
}

impl HashScheme {
    /// What costs as much to check as a hash of this scheme, and is of no password.
    pub(super) fn dummy(self) -> String {
        match self {
            Self::Bcrypt { cost } => format!("$2b${cost:02}${}", ".".repeat(53)),
            Self::Pbkdf2 { digest, iterations } => Pbkdf2 {
                digest,
                iterations,
                salt: vec![0; 16],
                output: vec![0; digest.output_bytes()],
            }
            .to_string(),
            Self::Argon2 {
                variant,
                memory_kib,
                iterations,
                lanes,
            } => format!(
                "${}$v=19$m={memory_kib},t={iterations},p={lanes}${}${}",
                variant.as_str(),
                "A".repeat(22),
                "A".repeat(43)
            ),
        }
    }

    /// As [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once(':')?;
        let mut numbers = rest.split(':').map(number);
        let mut next = || numbers.next().flatten();
        let scheme = if name == "bcrypt" {
            Self::Bcrypt {
                cost: u8::try_from(next()?).ok()?,
            }
        } else if let Some(digest) = Pbkdf2Digest::parse(name) {
            Self::Pbkdf2 {
                digest,
                iterations: next()?,
            }
        } else {
            Self::Argon2 {
                variant: Argon2Variant::parse(name)?,
                memory_kib: next()?,
                iterations: next()?,
                lanes: next()?,
            }
        };
        numbers.next().is_none().then_some(scheme)
    }

    /// Of a hash as it is stored. None: as ours are made, or no hash at all.
    pub fn of(stored: &str) -> Option<Self> {
        ForeignHash::parse(stored).ok()?.scheme
    }
}

impl fmt::Display for HashScheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bcrypt { cost } => write!(formatter, "bcrypt:{cost}"),
            Self::Pbkdf2 { digest, iterations } => {
                write!(formatter, "{}:{iterations}", digest.as_str())
            }
            Self::Argon2 {
                variant,
                memory_kib,
                iterations,
                lanes,
            } => write!(
                formatter,
                "{}:{memory_kib}:{iterations}:{lanes}",
                variant.as_str()
            ),
        }
    }
}

impl Pbkdf2Digest {
    const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "pbkdf2-sha1",
            Self::Sha256 => "pbkdf2-sha256",
            Self::Sha512 => "pbkdf2-sha512",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    const fn output_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    const fn most_iterations(self) -> u32 {
        match self {
            Self::Sha1 | Self::Sha256 => 2_000_000,
            Self::Sha512 => 1_000_000,
        }
    }

    fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

impl Argon2Variant {
    const ALL: [Self; 3] = [Self::I, Self::D, Self::Id];

    const fn as_str(self) -> &'static str {
        match self {
            Self::I => "argon2i",
            Self::D => "argon2d",
            Self::Id => "argon2id",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

#[cfg(test)]
mod tests;
