//! What a stretch of code is.

use std::ops::Range;

/// What a reader wants to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words for people.
    Comment,
    /// Text that the program says.
    String,
    /// A number, or a word or a character that stands for a value.
    Constant,
    /// A word of the language.
    Keyword,
    /// The name of a type.
    Type,
    /// The name of what is called or defined.
    Function,
    /// A variable where the language marks it, a key, an attribute.
    Name,
    /// What is said to the compiler, or about the code: attributes, decorators, a hunk's place.
    Meta,
    /// A line that a change brings.
    Inserted,
    /// A line that a change takes away.
    Deleted,
    /// A heading.
    Heading,
    /// What asks for input: nothing of it is typed or copied.
    Prompt,
}

impl Kind {
    /// The tag that opens a stretch of it.
    pub(super) const fn open(self) -> &'static str {
        match self {
            Self::Comment => "<span class=\"c\">",
            Self::String => "<span class=\"s\">",
            Self::Constant => "<span class=\"n\">",
            Self::Keyword => "<span class=\"k\">",
            Self::Type => "<span class=\"t\">",
            Self::Function => "<span class=\"f\">",
            Self::Name => "<span class=\"v\">",
            Self::Meta => "<span class=\"m\">",
            Self::Inserted => "<span class=\"i\">",
            Self::Deleted => "<span class=\"d\">",
            Self::Heading => "<span class=\"h\">",
            Self::Prompt => "<span class=\"p\">",
        }
    }
}

/// A stretch of code of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Where it is, in bytes.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) kind: Kind,
}

/// Stretches in the order in which they are found; those of one kind that touch become one.
#[derive(Debug, Default)]
pub(super) struct Stretches(Vec<Stretch>);

impl Stretches {
    /// Adds one; an empty one is none.
    pub(super) fn push(&mut self, range: Range<usize>, kind: Kind) {
        if range.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.kind == kind && last.range.end == range.start => last.range.end = range.end,
            _ => self.0.push(Stretch { range, kind }),
        }
    }

    /// Adds those of a part that begins at `at`.
    pub(super) fn extend(&mut self, part: Vec<Stretch>, at: usize) {
        part.into_iter().for_each(|Stretch { range, kind }| self.push(range.start + at..range.end + at, kind));
    }

    /// All of them.
    pub(super) fn done(self) -> Vec<Stretch> {
        self.0
    }
}

/// The lines of a text with where each begins, without their ends.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}
