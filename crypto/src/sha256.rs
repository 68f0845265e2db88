//! SHA-256 of what is public: to compare long things by something short. Secrets have [`crate::peppers`].

/// 32 bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let mut fixed = [0_u8; 32];
    fixed.copy_from_slice(digest.as_ref());
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's "abc".
    #[test]
    fn the_known_answer() {
        assert_eq!(sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
