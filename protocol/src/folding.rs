//! How two spellings of one name are told to be one: `Alice`, `ALICE` and `ａｌｉｃｅ`.
//!
//! User names and e-mail addresses are stored folded beside what was typed, and looked up folded; a
//! unique key stands on the folded value (row M7). Whoever stores or looks up goes through here.

use unicode_normalization::UnicodeNormalization as _;

/// NFKC and case: up and down again, character by character, so that ß is ss and ς is σ.
pub fn fold(text: &str) -> String {
    let compatible = text
        .trim()
        .nfkc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    compatible.collect::<String>().nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row M7.
    #[test]
    fn spellings_of_one_name_fold_to_one() {
        for spellings in [
            ["Alice", "ALICE", "ａｌｉｃｅ"],
            ["Straße", "STRASSE", " strasse "],
            ["ΟΔΟΣ", "οδος", "οδοσ"],
            ["Cafe\u{301}", "CAFÉ", "café"],
            ["\u{212a}elvin", "kelvin", "KELVIN"],
        ] {
            let [first, second, third] = spellings.map(fold);
            assert_eq!(first, second);
            assert_eq!(second, third);
            assert_eq!(fold(&first), first, "folding is done once and for all");
        }
        assert_ne!(fold("alice"), fold("alice2"));
    }
}
