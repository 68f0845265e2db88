//! How large a text of policies may be, and how deep. Read before the text is parsed.
//!
//! Cedar's parser and type checker descend as deep as a text nests, so what nests is counted first.

use super::errors::PolicyError;

/// Of a whole text.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Of a whole text.
pub const MAX_POLICIES: usize = 200;
/// Of one policy: brackets, operators, dots and `if`s, all of which may nest.
pub const MAX_OPERATORS: usize = 100;
/// Of a pattern behind `like`: comparing takes as long as pattern and text together are, multiplied.
pub const MAX_PATTERN_BYTES: usize = 128;
/// What evaluating takes besides, for each body and for each byte of a pattern.
const WORK_OF_A_BODY: usize = 32;
const WORK_OF_A_PATTERN_BYTE: usize = 16;
/// As deep as an `if` goes when it is evaluated.
const OPERATORS_OF_AN_IF: usize = 5;

/// Where something stands, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Place {
    /// Of the byte at `offset`; the end of the text for anything behind it.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            line: count(before.matches('\n').count() + 1),
            column: count(before[line_start..].chars().count() + 1),
        }
    }
}

/// What is too large about it, if anything.
pub(super) fn check(text: &str) -> Result<(), PolicyError> {
    if text.len() > MAX_TEXT_BYTES {
        let message = format!(
            "the text has {} bytes; at most {MAX_TEXT_BYTES} are taken",
            text.len()
        );
        return Err(fault(text, MAX_TEXT_BYTES, message));
    }
    let mut counted = Counted::default();
    let mut tokens = Tokens::new(text);
    while let Some((at, token)) = tokens.next() {
        counted.add(token);
        if matches!(token, Token::Foreign) {
            let message = "outside of strings and comments there is nothing but ASCII; this may be a space that looks \
                           like any other";
            return Err(fault(text, at, message.to_owned()));
        }
        if let Token::Pattern(bytes) = token
            && bytes > MAX_PATTERN_BYTES
        {
            let message =
                format!("a pattern behind `like` may have {MAX_PATTERN_BYTES} bytes at most");
            return Err(fault(text, at, message));
        }
        if counted.policies > MAX_POLICIES {
            let message = format!("a text holds at most {MAX_POLICIES} policies");
            return Err(fault(text, at, message));
        }
        if counted.operators > MAX_OPERATORS {
            let message = format!(
                "one policy may have {MAX_OPERATORS} operators and brackets at most; write several policies"
            );
            return Err(fault(text, at, message));
        }
    }
    Ok(())
}

/// How much one evaluation of the policy of this text takes at most, in bytes that are gone through.
pub(super) fn work_of(policy: &str) -> usize {
    let mut work = WORK_OF_A_BODY + policy.len();
    let mut tokens = Tokens::new(policy);
    while let Some((_, token)) = tokens.next() {
        if let Token::Pattern(bytes) = token {
            work += bytes * WORK_OF_A_PATTERN_BYTE;
        }
    }
    work
}

fn fault(text: &str, offset: usize, message: String) -> PolicyError {
    let place = Place::of(text, offset);
    PolicyError {
        line: place.line,
        column: place.column,
        policy_id: None,
        message,
        help: None,
    }
}

#[derive(Default)]
struct Counted {
    policies: usize,
    operators: usize,
}

impl Counted {
    fn add(&mut self, token: Token) {
        match token {
            Token::End => {
                self.policies += 1;
                self.operators = 0;
            }
            Token::Nesting => self.operators += 1,
            Token::If => self.operators += OPERATORS_OF_AN_IF,
            Token::Pattern(_) | Token::Foreign => {}
        }
    }
}

#[derive(Clone, Copy)]
enum Token {
    /// `;`
    End,
    Nesting,
    If,
    /// What stands behind `like`, and how long it is.
    Pattern(usize),
    /// Cedar takes some of it for space, so that words end where none seem to.
    Foreign,
}

/// Walks over what is neither string nor comment.
struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The last word was `like`.
    is_behind_like: bool,
}

impl<'a> Tokens<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            is_behind_like: false,
        }
    }

    fn next(&mut self) -> Option<(usize, Token)> {
        while let Some(&byte) = self.bytes.get(self.at) {
            let start = self.at;
            self.at += 1;
            match byte {
                b'"' => {
                    self.skip_string();
                    if std::mem::take(&mut self.is_behind_like) {
                        return Some((start, Token::Pattern(self.at - start)));
                    }
                }
                b'/' if self.bytes.get(self.at) == Some(&b'/') => self.skip_line(),
                b';' => return Some((start, Token::End)),
                b'(' | b'[' | b'{' | b'.' | b'!' | b'+' | b'-' | b'*' | b'<' | b'>' | b'&'
                | b'|' => {
                    // `&&`, `||`, `<=`, `>=` and `!=` are one operator.
                    if matches!(self.bytes.get(self.at), Some(b'&' | b'|' | b'=')) {
                        self.at += 1;
                    }
                    self.is_behind_like = false;
                    return Some((start, Token::Nesting));
                }
                byte if is_word(byte) => {
                    self.skip_word();
                    let word = &self.bytes[start..self.at];
                    self.is_behind_like = word == b"like";
                    match word {
                        b"if" => return Some((start, Token::If)),
                        b"has" | b"like" | b"is" | b"in" => return Some((start, Token::Nesting)),
                        _ => {}
                    }
                }
                byte if !byte.is_ascii() => return Some((start, Token::Foreign)),
                _ => {}
            }
        }
        None
    }

    fn skip_string(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => return,
                _ => {}
            }
        }
    }

    /// As Cedar ends a comment: at either half of a line's end.
    fn skip_line(&mut self) {
        while let Some(byte) = self.bytes.get(self.at)
            && !matches!(byte, b'\n' | b'\r')
        {
            self.at += 1;
        }
    }

    fn skip_word(&mut self) {
        while self.bytes.get(self.at).is_some_and(|&byte| is_word(byte)) {
            self.at += 1;
        }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let text = "a\nüx\n";
        assert_eq!(Place::of(text, 0), Place { line: 1, column: 1 });
        assert_eq!(Place::of(text, 4), Place { line: 2, column: 2 });
        assert_eq!(Place::of(text, 3), Place { line: 2, column: 1 });
        assert_eq!(Place::of(text, 99), Place { line: 3, column: 1 });
    }

    #[test]
    fn what_nests_is_counted_and_strings_and_comments_are_not() {
        let brackets = "(".repeat(MAX_OPERATORS + 1);
        assert!(check(&format!("permit {brackets}")).is_err());
        assert!(check(&format!("// {brackets}\n")).is_ok());
        assert!(check(&format!("permit \"{brackets}\\\"{brackets}\"")).is_ok());
        let chain = "a && ".repeat(MAX_OPERATORS);
        assert!(check(&chain).is_ok());
        assert!(check(&format!("{chain} b || c")).is_err());
        assert!(check(&format!("{chain}; {chain}")).is_ok());
        assert!(check(&"else if ".repeat(MAX_OPERATORS + 1)).is_err());
    }

    /// What Cedar reads is what is counted: its comments end at a carriage return, and its spaces are Unicode's.
    #[test]
    fn nothing_hides_from_the_count() {
        let brackets = "(".repeat(MAX_OPERATORS + 1);
        assert!(check(&format!("permit //\r {brackets}")).is_err());
        let pattern = "x".repeat(MAX_PATTERN_BYTES);
        assert!(check(&format!("x.y like //\r \"{pattern}\"")).is_err());
        for space in [
            '\u{85}', '\u{a0}', '\u{1680}', '\u{2003}', '\u{2028}', '\u{2029}', '\u{202f}',
            '\u{205f}', '\u{3000}', '\u{feff}', 'é',
        ] {
            for text in [
                format!("x.y{space}like{space}\"a\""),
                format!("if{space}true then 1 else 2"),
            ] {
                assert!(check(&text).is_err(), "{space:?}");
            }
            assert!(check(&format!("// {space}\npermit \"{space}\"")).is_ok());
        }
        for space in ['\t', '\u{b}', '\u{c}', '\r', '\n'] {
            assert!(check(&format!("x.y{space}like{space}\"{pattern}\"")).is_err());
        }
    }

    #[test]
    fn a_pattern_is_short_and_counts_more_than_other_text() {
        let like = |pattern: &str| format!("when {{ x.y like // \"\n \"{pattern}\" }};");
        let longest = "x".repeat(MAX_PATTERN_BYTES - 2);
        assert!(check(&like(&longest)).is_ok());
        assert!(check(&like(&format!("{longest}x"))).is_err());
        assert!(check(&format!("when {{ x.y == \"{longest}xx\" }};")).is_ok());
        let (short, long) = (work_of(&like("*")), work_of(&like(&longest)));
        assert!(long > short + longest.len() * 10, "{short} {long}");
    }

    #[test]
    fn too_many_policies_and_too_many_bytes_are_refused_where_they_begin() {
        let error = check(&"permit;\n".repeat(MAX_POLICIES + 1)).unwrap_err();
        assert_eq!((error.line, error.column), (201, 7));
        let error = check(&" ".repeat(MAX_TEXT_BYTES + 1)).unwrap_err();
        assert_eq!(error.line, 1);
        assert!(check(&" ".repeat(MAX_TEXT_BYTES)).is_ok());
    }
}
