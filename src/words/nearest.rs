//! "Did you mean": the known name that a mistyped one is nearest to.

/// The candidate most like `word`, when one is like enough to be worth asking about.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    // A third of the letters may be wrong, so that short names are not mistaken for each other; in long ones, six.
    let length = word.chars().count();
    let allowed = (length / 3).clamp(1, 6);
    // Two words are at least as far apart as their lengths, and a word may be as long as a file.
    let alike = candidates.into_iter().filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
    let near = alike.map(|candidate| (distance(candidate), candidate));
    near.filter(|&(distance, _)| distance <= allowed).min().map(|(_, candidate)| candidate)
}

/// A help line for `word`: the nearest candidate, or all of them when there are few, or nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(candidate) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let all: Vec<String> = candidates.into_iter().take(13).map(|candidate| format!("`{candidate}`")).collect();
    (1..=12).contains(&all.len()).then(|| format!("known are {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_unless_it_is_far() {
        let known = ["title", "tags", "date"];
        for (word, expected) in
            [("tgas", Some("tags")), ("Title", Some("title")), ("dat", Some("date")), ("colour", None)]
        {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }

    #[test]
    fn few_names_are_listed_and_many_are_not() {
        assert_eq!(did_you_mean("x", ["ring", "life"]).as_deref(), Some("known are `ring`, `life`"));
        assert_eq!(did_you_mean("x", ["aaaa"; 13]), None);
    }
}
