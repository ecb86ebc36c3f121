//! The addresses of a picture in several sizes, as the attribute `srcset` has them (HTML, section 4.8.4.2.1).

/// The candidates of a `srcset`: addresses, each with its descriptor, which may be empty. A comma ends a candidate, be it behind its
/// address or behind its descriptor, but may also stand within the address.
pub fn candidates(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = value;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        let (word, after) = rest.split_at(rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len()));
        let address = word.trim_end_matches(',');
        let end = if address.len() < word.len() { 0 } else { after.find(',').unwrap_or(after.len()) };
        rest = &after[end..];
        (!address.is_empty()).then_some((address, after[..end].trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_ends_a_candidate_or_stands_in_its_address() {
        for (value, expected) in [
            ("x.png 1x, x,y.png 2x", &[("x.png", "1x"), ("x,y.png", "2x")][..]),
            (" , a.png, b.png\n100w ,", &[("a.png", ""), ("b.png", "100w")]),
            ("a.png,, b.png", &[("a.png", ""), ("b.png", "")]),
            (",", &[]),
            ("", &[]),
        ] {
            assert_eq!(candidates(value).collect::<Vec<_>>(), expected, "{value}");
        }
    }
}
