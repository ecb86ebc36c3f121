//! The index: which word stands where, in files of which a reader loads a few.
//!
//! ```text
//! search/index.json   the numbering's name, how many pages there are, and the first word of each file of words
//! search/word/N.txt   a line for each word, in order: the word, a space, where it stands
//! search/page/N.json  titles, addresses, dates and summaries of 16 pages
//! search/near.txt     words in order, each without the letters that it shares with the one before: for what was mistyped
//! ```
//!
//! Pages have numbers: posts' come last, the oldest first, so that a new one changes no other's. Where a word stands is a list of steps from one number to the next, four times as large as
//! they are, and how much the word says there ([`Weight`]); each is written in digits of 32 with a sixth bit that says that more follows,
//! as characters of Base64's alphabet for addresses. All files begin with the numbering's name, which stands for the pages and for the first words too, so that a reader who has
//! parts of two builds asks again.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator, ParallelSlice};

use crate::rendering::search::words::words;

/// Bytes of a file of words, unless one word alone has more.
const FILE: usize = 16_000;

/// Pages in one file.
pub(super) const TOGETHER: usize = 16;

/// So many words can be found when they are mistyped: of more those that stand on most pages.
const NEAR: usize = 20_000;

/// Pages whose words are put together at a time.
const BATCH: usize = 256;

/// How much a word says about a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It stands in the text.
    Once,
    /// It stands there often.
    Often,
    /// It stands in a heading, or is a tag.
    Heading,
    /// It stands in the title.
    Title,
}

/// Words that stand so often in a text stand there often.
const OFTEN: usize = 4;

/// What is to be found on a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) title: String,
    pub(super) headings: String,
    pub(super) text: String,
}

/// Where words stand: pages in order, each with what the word says there.
type Standing = Vec<(u32, Weight)>;

/// All words in order, and where each stands.
pub(super) type Words = Vec<(String, Standing)>;

/// Puts the words of all pages together; `said` tells of the page of a number.
pub(super) fn index(pages: usize, said: impl Fn(usize) -> Said + Sync) -> Words {
    let numbers: Vec<usize> = (0..pages).collect();
    let batches: Vec<HashMap<String, Standing>> = numbers
        .par_chunks(BATCH)
        .map(|batch| {
            let mut together: HashMap<String, Standing> = HashMap::new();
            for &number in batch {
                let page = u32::try_from(number).expect("a site has fewer pages");
                for (word, weight) in of_page(&said(number)) {
                    together.entry(word).or_default().push((page, weight));
                }
            }
            together
        })
        .collect();
    let mut all: HashMap<String, Standing> = HashMap::new();
    for batch in batches {
        for (word, standing) in batch {
            all.entry(word).or_default().extend(standing);
        }
    }
    let mut all: Words = all.into_iter().collect();
    all.sort_unstable();
    all
}

fn of_page(Said { title, headings, text }: &Said) -> HashMap<String, Weight> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    words(text, |word| match counts.get_mut(word) {
        Some(count) => *count += 1,
        None => {
            counts.insert(word.to_owned(), 1);
        }
    });
    let weight = |count| if count >= OFTEN { Weight::Often } else { Weight::Once };
    let mut found: HashMap<String, Weight> = counts.into_iter().map(|(word, count)| (word, weight(count))).collect();
    for (text, weight) in [(headings, Weight::Heading), (title, Weight::Title)] {
        words(text, |word| {
            found.insert(word.to_owned(), weight);
        });
    }
    found
}

/// Which words go into a file together, for each file.
pub(super) fn pieces(words: &Words) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, (word, standing)) in words.iter().enumerate() {
        let line = line(word, standing).len();
        match pieces.last_mut() {
            Some(piece) if bytes + line <= FILE => piece.end = at + 1,
            _ => {
                pieces.push(at..at + 1);
                bytes = 0;
            }
        }
        bytes += line;
    }
    pieces
}

/// The files of words, and the first word of each; `numbering` is the name of the pages' numbering.
pub(super) fn word_files(words: &Words, pieces: &[Range<usize>], numbering: &str) -> Vec<(String, String)> {
    let file = |piece: &Range<usize>| {
        let lines = words[piece.clone()].iter().map(|(word, standing)| line(word, standing));
        (words[piece.start].0.clone(), format!("{numbering}\n{}", lines.collect::<String>()))
    };
    pieces.par_iter().map(file).collect()
}

fn line(word: &str, standing: &Standing) -> String {
    format!("{word} {}\n", steps(standing))
}

/// Where a word stands, written down.
fn steps(standing: &Standing) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut written = String::with_capacity(standing.len() * 2);
    let mut before = 0;
    for &(page, weight) in standing {
        let mut rest = u64::from(page - before) * 4 + weight as u64;
        before = page;
        loop {
            let more = if rest >= 32 { 32 } else { 0 };
            written.push(char::from(DIGITS[(rest % 32 + more) as usize]));
            rest /= 32;
            if rest == 0 {
                break;
            }
        }
    }
    written
}

/// The words that a mistyped one may have been meant for: a digit of 36 for the letters that each shares with the one before, the rest of
/// it, the end of the line.
pub(super) fn near_file(words: &Words, numbering: &str) -> String {
    let mut counts: Vec<usize> = words.iter().map(|(_, standing)| standing.len()).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    // One page more than the first word that is left out stands on.
    let least = counts.get(NEAR).map_or(1, |count| count + 1);
    let meant = words.iter().filter(|(_, standing)| standing.len() >= least);
    let (mut file, mut before) = (format!("{numbering}\n"), "");
    for (word, _) in meant.filter(|(word, _)| (4..=35).contains(&word.chars().count())) {
        let shared: usize = word.chars().zip(before.chars()).take_while(|(one, other)| one == other).count();
        let rest: String = word.chars().skip(shared).collect();
        file.push(char::from_digit(shared as u32, 36).expect("a word has at most 35 letters"));
        file.push_str(&rest);
        file.push('\n');
        before = word;
    }
    file
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::proptest;

    use super::*;

    /// What a file of words says, read as the page's script reads it.
    fn read(files: &[(String, String)]) -> BTreeMap<String, Vec<(u32, u8)>> {
        let digit = |byte: u8| match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            _ => 63,
        };
        let mut words = BTreeMap::new();
        for (first, file) in files {
            let mut lines = file.lines();
            assert_eq!(lines.next(), Some("numbering"));
            assert!(lines.clone().next().is_some_and(|line| line.split(' ').next() == Some(first)));
            for line in lines {
                let (word, written) = line.split_once(' ').expect("a space");
                let (mut page, mut value, mut shift, mut standing) = (0, 0_u64, 0, Vec::new());
                for byte in written.bytes().map(digit) {
                    value |= u64::from(byte % 32) << shift;
                    shift += 5;
                    if byte < 32 {
                        page += (value / 4) as u32;
                        standing.push((page, (value % 4) as u8));
                        (value, shift) = (0, 0);
                    }
                }
                words.insert(word.to_owned(), standing);
            }
        }
        words
    }

    proptest! {
        /// Whatever stands on the pages, the files say where.
        #[test]
        fn files_say_where_words_stand(texts in proptest::collection::vec("([a-d]{1,2} ){0,8}", 0..700)) {
            let said = |number: usize| Said { text: texts[number].clone(), title: if number.is_multiple_of(7) { "ab".to_owned() } else { String::new() }, ..Said::default() };
            let words = index(texts.len(), said);
            let mut expected: BTreeMap<String, Vec<(u32, u8)>> = BTreeMap::new();
            for (number, text) in texts.iter().enumerate() {
                let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
                text.split_whitespace().for_each(|word| *counts.entry(word).or_default() += 1);
                let mut weights: BTreeMap<&str, u8> = counts.into_iter().map(|(word, count)| (word, u8::from(count >= OFTEN))).collect();
                if number.is_multiple_of(7) {
                    weights.insert("ab", 3);
                }
                weights.into_iter().for_each(|(word, weight)| expected.entry(word.to_owned()).or_default().push((number as u32, weight)));
            }
            assert_eq!(read(&word_files(&words, &pieces(&words), "numbering")), expected);
        }
    }

    #[test]
    fn files_are_of_a_size_and_in_order() {
        let words: Words = (0..5_000).map(|n| (format!("w{n:05}"), vec![(n, Weight::Once)])).collect();
        let files = word_files(&words, &pieces(&words), "numbering");
        assert!(files.len() > 3 && files.iter().all(|(_, file)| file.len() <= FILE + 10), "{}", files.len());
        assert!(files.is_sorted());
        assert_eq!(read(&files).len(), 5_000);
    }

    #[test]
    fn what_may_be_meant_is_written_without_what_repeats() {
        let word = |word: &str| (word.to_owned(), vec![(0, Weight::Once)]);
        let words = vec![word("ring"), word("ringing"), word("rings"), word("to"), word("xen"), word("zürich")];
        assert_eq!(near_file(&words, "n"), "n\n0ring\n4ing\n4s\n0zürich\n");
    }
}
