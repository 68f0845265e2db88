//! The known name that a mistyped one was meant to be.

/// How many letters may differ.
const FURTHEST: usize = 3;

/// Of those that are known, the one that is near, if one is.
pub fn to<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Of a short word most letters must be right.
    let furthest = FURTHEST.min(word.chars().count().div_ceil(2));
    known
        .into_iter()
        .filter_map(|candidate| Some((distance(word, candidate, furthest)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How far apart two names are, unless too far. One that is a part of the other is near, but no name is further:
/// `name` for `display_name`.
fn distance(word: &str, candidate: &str, furthest: usize) -> Option<usize> {
    let distance = strsim::damerau_levenshtein(word, candidate);
    if distance <= furthest {
        return Some(distance);
    }
    let is_part = word.len() >= 4 && (candidate.contains(word) || word.contains(candidate));
    is_part.then_some(furthest)
}

/// What serde says about a name that it does not know, in fewer words: the nearest known one instead of all.
pub fn explain(detail: &str) -> Option<String> {
    let (what, names) = [
        ("unknown field ", "There is no member"),
        ("unknown variant ", "There is no value"),
    ]
    .into_iter()
    .find_map(|(start, what)| detail.strip_prefix(start).map(|names| (what, names)))?;
    let mut names = names.split('`').skip(1).step_by(2);
    let word = names.next()?;
    let known: Vec<&str> = names.collect();
    Some(match to(word, known.iter().copied()) {
        Some(nearest) => format!("{what} `{word}`; did you mean `{nearest}`?"),
        None if known.is_empty() => format!("{what} `{word}`."),
        None => format!("{what} `{word}`; there are {}.", listed(&known)),
    })
}

fn listed(known: &[&str]) -> String {
    let quoted: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_the_one_that_was_meant() {
        let known = ["display_name", "slug", "issuer", "redirect_uris"];
        for (word, meant) in [
            ("slugg", Some("slug")),
            ("redirect_uri", Some("redirect_uris")),
            ("redirectUris", Some("redirect_uris")),
            ("isuser", Some("issuer")),
            ("name", Some("display_name")),
            ("planet", None),
            ("x", None),
        ] {
            assert_eq!(to(word, known), meant, "{word}");
        }
    }

    #[test]
    fn what_serde_says_is_said_in_fewer_words() {
        let of = |detail| explain(detail).unwrap();
        assert_eq!(
            of("unknown field `slugg`, expected one of `slug`, `issuer`"),
            "There is no member `slugg`; did you mean `slug`?"
        );
        assert_eq!(
            of("unknown variant `opne`, expected `open` or `closed`"),
            "There is no value `opne`; did you mean `open`?"
        );
        assert_eq!(
            of("unknown field `planet`, expected `slug`"),
            "There is no member `planet`; there are `slug`."
        );
        assert_eq!(
            of("unknown field `planet`, there are no fields"),
            "There is no member `planet`."
        );
        assert_eq!(explain("missing field `slug`"), None);
    }
}
