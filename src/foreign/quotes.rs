//! Where the quoted values of attributes end, in HTML whose quotes may be missing.

/// What is known about the quotes of a text, which is read from start to end.
#[derive(Debug)]
pub(crate) struct Quotes {
    /// Whether there may be another `"`, another `'`: what is not there is looked for once.
    left: [bool; 2],
}

/// The end of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    /// Its second quote stands here.
    At(usize),
    /// The value ends here without one.
    Missing(usize),
}

impl Quotes {
    /// Of a text that nobody has looked at.
    pub(crate) fn new() -> Self {
        Self { left: [true; 2] }
    }

    /// Where the value that begins with the quote at `open` ends.
    pub(crate) fn close(&mut self, html: &str, open: usize, quote: u8) -> Quote {
        let which = usize::from(quote == b'\'');
        let value = &html[open + 1..];
        let close = if self.left[which] { value.find(char::from(quote)) } else { None };
        let Some(length) = close else {
            self.left[which] = false;
            return Quote::Missing(open + 1 + value.find(['>', '<']).unwrap_or(value.len()));
        };
        // `<a href="x>y</a> <a href="z">`: what looks like the end begins the next value.
        let next = value[length + 1..].chars().next();
        let suspicious = next.is_some_and(|c| !c.is_whitespace() && c != '>' && c != '/' && c != '=');
        match value[..length].find('>') {
            Some(end) if suspicious && value[..length].trim_end().ends_with('=') => Quote::Missing(open + 1 + end),
            _ => Quote::At(open + 1 + length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_at_its_quote_or_where_its_tag_would() {
        for (html, expect) in [
            ("\"x\">", Quote::At(2)),
            ("'a > b'", Quote::At(6)),
            ("\"x>y</a> <a href=\"z\">", Quote::Missing(2)),
            ("\"x>y", Quote::Missing(2)),
            ("'x", Quote::Missing(2)),
        ] {
            assert_eq!(Quotes::new().close(html, 0, html.as_bytes()[0]), expect, "{html}");
        }
    }
}
