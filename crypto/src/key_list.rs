//! Lists of 32-byte keys as operators write them: separated by commas or blanks, each base64 (either
//! alphabet, padded or not) or 64 hexadecimal digits. The first is in use, the others still open.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::derive::{KEY_BYTES, KeyBytes};

/// Why a list of keys cannot be used. Never says what was written, only where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyListError {
    #[error("the list has no key")]
    Empty,
    #[error("key {position} is not 32 bytes in base64 or hexadecimal")]
    NotAKey { position: usize },
    #[error("key {position} is all one byte: use 32 random bytes, e.g. `openssl rand -base64 32`")]
    NotRandom { position: usize },
    #[error("keys {first} and {second} are the same or share a short id: replace the newer one")]
    SameId { first: usize, second: usize },
}

pub(crate) fn parse(list: &SecretString) -> Result<Vec<KeyBytes>, KeyListError> {
    list.expose_secret()
        .split(|character: char| character == ',' || character.is_whitespace())
        .filter(|entry| !entry.is_empty())
        .enumerate()
        .map(|(index, entry)| {
            parse_one(entry).ok_or(KeyListError::NotAKey {
                position: index + 1,
            })
        })
        .collect()
}

fn parse_one(entry: &str) -> Option<KeyBytes> {
    let bytes = Zeroizing::new(if entry.len() == KEY_BYTES * 2 {
        decode_hexadecimal(entry)?
    } else {
        let unpadded = entry.trim_end_matches('=');
        STANDARD_NO_PAD
            .decode(unpadded)
            .or_else(|_| URL_SAFE_NO_PAD.decode(unpadded))
            .ok()?
    });
    <[u8; KEY_BYTES]>::try_from(bytes.as_slice())
        .ok()
        .map(Zeroizing::new)
}

fn decode_hexadecimal(entry: &str) -> Option<Vec<u8>> {
    entry
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let high = char::from(*pair.first()?).to_digit(16)?;
            let low = char::from(*pair.get(1)?).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()
        })
        .collect()
}

/// What every list must hold: at least one key, each random, no two with one id.
pub(crate) fn check<Id: PartialEq>(keys: &[KeyBytes], ids: &[Id]) -> Result<(), KeyListError> {
    if keys.is_empty() {
        return Err(KeyListError::Empty);
    }
    for (index, key) in keys.iter().enumerate() {
        if key.iter().all(|byte| *byte == key[0]) {
            return Err(KeyListError::NotRandom {
                position: index + 1,
            });
        }
    }
    for (second, id) in ids.iter().enumerate() {
        if let Some(first) = ids[..second].iter().position(|earlier| earlier == id) {
            return Err(KeyListError::SameId {
                first: first + 1,
                second: second + 1,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    fn parse_text(text: &str) -> Result<Vec<KeyBytes>, KeyListError> {
        parse(&SecretString::from(text))
    }

    #[test]
    fn every_spelling_of_a_key_is_read() {
        let key: [u8; 32] = std::array::from_fn(|index| u8::try_from(index * 8).unwrap() ^ 0xfb);
        let hexadecimal = crate::testing::hexadecimal(&key);
        for spelling in [
            STANDARD.encode(key),
            STANDARD_NO_PAD.encode(key),
            URL_SAFE.encode(key),
            URL_SAFE_NO_PAD.encode(key),
            hexadecimal.to_uppercase(),
            format!(" {hexadecimal},\n"),
        ] {
            let keys = parse_text(&spelling).unwrap();
            assert_eq!(keys.len(), 1, "{spelling}");
            assert_eq!(*keys[0], key, "{spelling}");
        }
        assert_eq!(
            parse_text(&format!("{hexadecimal}, {hexadecimal}"))
                .unwrap()
                .len(),
            2
        );
    }

    #[test]
    fn what_is_no_key_is_named_by_its_position_only() {
        let good = STANDARD.encode([7_u8; 32]);
        for bad in [
            "short",
            &"g".repeat(64),
            &STANDARD.encode([1_u8; 31]),
            "correct horse battery staple",
        ] {
            let error = parse_text(&format!("{good},{bad}")).unwrap_err();
            assert_eq!(error, KeyListError::NotAKey { position: 2 });
            assert!(!error.to_string().contains(bad));
        }
    }

    #[test]
    fn a_list_needs_random_keys_with_distinct_ids() {
        let random = Zeroizing::new(std::array::from_fn(|index| u8::try_from(index).unwrap()));
        let constant = Zeroizing::new([9_u8; 32]);
        assert_eq!(check::<u8>(&[], &[]), Err(KeyListError::Empty));
        assert_eq!(
            check(&[constant], &[1]),
            Err(KeyListError::NotRandom { position: 1 })
        );
        assert_eq!(check(&[random.clone(), random.clone()], &[1, 2]), Ok(()));
        assert_eq!(
            check(&[random.clone(), random], &[1, 1]),
            Err(KeyListError::SameId {
                first: 1,
                second: 2
            })
        );
    }
}
