//! What stands for a text in lists.

/// Letters of an opening that stands for a summary.
const SUMMARY: usize = 200;

/// The author's summary, or the opening cut between two words.
pub(crate) fn summary(written: Option<&str>, opening: &str) -> String {
    if let Some(written) = written {
        return written.to_owned();
    }
    let opening = opening.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = opening.char_indices().nth(SUMMARY) else { return opening };
    let cut = opening[..end].rfind(' ').unwrap_or(end);
    format!("{}…", opening[..cut].trim_end_matches([',', ';', ':', '.', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_cut_between_words() {
        assert_eq!(summary(None, "One  two\nthree."), "One two three.");
        assert_eq!(summary(Some("Mine"), "theirs"), "Mine");
        let long = summary(None, &"größer, ".repeat(40));
        assert!(long.ends_with("größer…") && long.chars().count() <= SUMMARY + 1, "{long}");
    }
}
