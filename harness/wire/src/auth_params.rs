//! The challenge grammar of `WWW-Authenticate` (RFC 9110 §11.6.1).
//!
//! One header field may carry several challenges, and a comma separates both
//! challenges and parameters; only what follows a name tells which. The parser
//! reads each byte once, so a hostile header costs linear time.

/// One challenge of a `WWW-Authenticate` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthChallenge {
    /// Scheme as written; compare without regard to case.
    pub scheme: String,
    /// Parameters in order, names as written, values unescaped.
    pub params: Vec<(String, String)>,
}

/// A field value outside the grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("WWW-Authenticate breaks off at byte {at}: expected {expected}")]
pub struct MalformedChallenge {
    /// Byte offset in the field value.
    pub at: usize,
    /// What the grammar asks for there.
    pub expected: &'static str,
}

/// Reads every challenge of one field value.
///
/// # Errors
/// [`MalformedChallenge`] at the first byte outside the grammar.
pub fn parse(field: &str) -> Result<Vec<AuthChallenge>, MalformedChallenge> {
    let mut reader = Reader { bytes: field.as_bytes(), at: 0 };
    let mut challenges: Vec<AuthChallenge> = Vec::new();
    loop {
        reader.skip_list_separators();
        if reader.at_end() {
            return Ok(challenges);
        }
        let name = reader.token("a scheme or parameter name")?;
        if reader.equals_sign_follows() {
            let value = reader.value()?;
            let Some(challenge) = challenges.last_mut() else {
                return Err(MalformedChallenge { at: 0, expected: "a scheme" });
            };
            challenge.params.push((name, value));
        } else {
            challenges.push(AuthChallenge { scheme: name, params: Vec::new() });
            reader.behind_the_scheme()?;
        }
    }
}

/// Writes one challenge, every value quoted.
#[must_use]
pub fn format(scheme: &str, params: &[(&str, &str)]) -> String {
    let mut field = scheme.to_owned();
    for (index, (name, value)) in params.iter().enumerate() {
        field.push_str(if index == 0 { " " } else { ", " });
        field.push_str(name);
        field.push_str("=\"");
        for c in value.chars() {
            if matches!(c, '"' | '\\') {
                field.push('\\');
            }
            field.push(c);
        }
        field.push('"');
    }
    field
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, MalformedChallenge> {
        Err(MalformedChallenge { at: self.at, expected })
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&keep) {
            self.at += 1;
        }
    }

    fn skip_whitespace(&mut self) {
        self.skip_while(|c| matches!(c, b' ' | b'\t'));
    }

    fn skip_list_separators(&mut self) {
        self.skip_while(|c| matches!(c, b' ' | b'\t' | b','));
    }

    fn text(&self, from: usize) -> String {
        String::from_utf8_lossy(&self.bytes[from..self.at]).into_owned()
    }

    fn token(&mut self, expected: &'static str) -> Result<String, MalformedChallenge> {
        let start = self.at;
        self.skip_while(is_token_byte);
        if self.at == start { self.fail(expected) } else { Ok(self.text(start)) }
    }

    /// Whether `BWS "="` follows; stands behind it if so, and stays if not.
    fn equals_sign_follows(&mut self) -> bool {
        let start = self.at;
        self.skip_whitespace();
        if self.peek() == Some(b'=') {
            self.at += 1;
            self.skip_whitespace();
            return true;
        }
        self.at = start;
        false
    }

    fn value(&mut self) -> Result<String, MalformedChallenge> {
        if self.peek() != Some(b'"') {
            // A base64url value with padding is no token, yet SDKs read it.
            let start = self.at;
            self.skip_while(|c| is_token_byte(c) || matches!(c, b'=' | b'/' | b':'));
            return if self.at == start {
                self.fail("a token or quoted string")
            } else {
                Ok(self.text(start))
            };
        }
        self.at += 1;
        let mut unescaped = Vec::new();
        loop {
            match self.peek() {
                None => return self.fail("a closing quote"),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(String::from_utf8_lossy(&unescaped).into_owned());
                }
                Some(b'\\') => {
                    self.at += 1;
                    let Some(escaped) = self.peek() else {
                        return self.fail("an escaped character");
                    };
                    unescaped.push(escaped);
                }
                Some(c) => unescaped.push(c),
            }
            self.at += 1;
        }
    }

    /// Behind a scheme: nothing, a comma, or a space before a token68, which is
    /// passed over, or parameters.
    fn behind_the_scheme(&mut self) -> Result<(), MalformedChallenge> {
        match self.peek() {
            None | Some(b',') => Ok(()),
            Some(b' ' | b'\t') => {
                self.skip_token68();
                Ok(())
            }
            Some(_) => self.fail("a space behind the scheme"),
        }
    }

    /// Stands behind a token68 (RFC 9110 §11.2) if there is one, and stays if not.
    fn skip_token68(&mut self) {
        let start = self.at;
        self.skip_whitespace();
        self.skip_while(|c| c.is_ascii_alphanumeric() || b"-._~+/".contains(&c));
        self.skip_while(|c| c == b'=');
        self.skip_whitespace();
        if !matches!(self.peek(), None | Some(b',')) {
            self.at = start;
        }
    }
}

fn is_token_byte(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn challenge(scheme: &str, params: &[(&str, &str)]) -> AuthChallenge {
        AuthChallenge {
            scheme: scheme.into(),
            params: params.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
        }
    }

    #[rstest]
    #[case::quoted(r#"Payment id="a", realm="b""#, vec![challenge("Payment", &[("id", "a"), ("realm", "b")])])]
    #[case::token(r"Payment id=a,realm=b", vec![challenge("Payment", &[("id", "a"), ("realm", "b")])])]
    #[case::bws(r#"Payment id = "a" , realm ="b""#, vec![challenge("Payment", &[("id", "a"), ("realm", "b")])])]
    #[case::escapes(r#"Payment d="say \"hi\" \\ ok""#, vec![challenge("Payment", &[("d", r#"say "hi" \ ok"#)])])]
    #[case::scheme_in_value(r#"Payment d="x, Payment id=y""#, vec![challenge("Payment", &[("d", "x, Payment id=y")])])]
    #[case::two_in_one_line(r#"Payment id="a", Payment id="b""#, vec![challenge("Payment", &[("id", "a")]), challenge("Payment", &[("id", "b")])])]
    #[case::other_scheme_first(r#"Bearer realm="x", Payment id="a""#, vec![challenge("Bearer", &[("realm", "x")]), challenge("Payment", &[("id", "a")])])]
    #[case::bare_scheme("Negotiate, Payment id=a", vec![challenge("Negotiate", &[]), challenge("Payment", &[("id", "a")])])]
    #[case::token68("Negotiate YII+/w==, Payment id=a", vec![challenge("Negotiate", &[]), challenge("Payment", &[("id", "a")])])]
    #[case::token68_like_a_scheme("Negotiate Payment, Payment id=a", vec![challenge("Negotiate", &[]), challenge("Payment", &[("id", "a")])])]
    fn reads(#[case] field: &str, #[case] expected: Vec<AuthChallenge>) {
        assert_eq!(parse(field).unwrap(), expected);
    }

    #[rstest]
    #[case::no_scheme("id=\"a\"")]
    #[case::open_quote("Payment id=\"a")]
    #[case::open_escape("Payment id=\"a\\")]
    #[case::no_value("Payment id=a, realm=")]
    fn refuses(#[case] field: &str) {
        assert!(parse(field).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(field in "\\PC*") {
            let _ = parse(&field);
        }

        #[test]
        fn what_is_written_is_read(values in prop::collection::vec("[ -~]*", 1..6)) {
            let params: Vec<(&str, &str)> = values.iter().map(|v| ("p", v.as_str())).collect();
            let read = parse(&format("Payment", &params)).unwrap();
            prop_assert_eq!(read, vec![challenge("Payment", &params)]);
        }
    }
}
