//! Dice and keys for this crate's own tests.

use protocol::random::Random;

use crate::derive::KeyBytes;
use crate::envelope::EncryptionKeys;
use crate::peppers::Peppers;
use crate::system::SystemRandom;

/// Every byte the same.
pub(crate) struct RepeatedRandom(pub(crate) u8);

impl Random for RepeatedRandom {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// The given bytes, from the start at each call, then zeroes.
pub(crate) struct FixedRandom(pub(crate) Vec<u8>);

impl Random for FixedRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = self.0.get(index).copied().unwrap_or(0);
        }
    }
}

/// Key number `number` of a test: not random, but different from the others.
pub(crate) fn test_key(number: u8) -> KeyBytes {
    let mut key = KeyBytes::default();
    for (byte, index) in key.iter_mut().zip(0_u8..) {
        *byte = index ^ number.rotate_left(3) ^ number;
    }
    key[31] = number;
    key
}

pub(crate) fn encryption_keys(numbers: &[u8]) -> EncryptionKeys {
    let keys: Vec<KeyBytes> = numbers.iter().map(|number| test_key(*number)).collect();
    match EncryptionKeys::from_keys(&keys) {
        Ok(keys) => keys,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn peppers(numbers: &[u8]) -> Peppers {
    let keys: Vec<KeyBytes> = numbers.iter().map(|number| test_key(*number)).collect();
    match Peppers::from_keys(&keys) {
        Ok(peppers) => peppers,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn random_id<Id>(generate: fn(&dyn Random, protocol::clock::Timestamp) -> Id) -> Id {
    generate(
        &SystemRandom,
        protocol::clock::Timestamp::from_unix_seconds(1_800_000_000),
    )
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
