//! Names in code that the index of public sources knows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use sim::telling::source::index::{self, Entry};

use crate::graph::source_link;
use crate::parsing::code::Code;
use crate::rendering::code::Reader;
use crate::rendering::code::kind::{Kind, Stretch};

/// A name, and the tag that opens its link.
#[derive(Debug)]
pub(super) struct Link {
    /// Where the name is, in bytes.
    pub(super) range: Range<usize>,
    /// The tag.
    pub(super) open: String,
}

/// Whether a kernel's names stand for the kernel's in a language.
fn names_a_kernel(language: &str) -> bool {
    let language = language.to_ascii_lowercase();
    match Reader::of(&language) {
        Reader::KernelLog | Reader::Assembler => true,
        Reader::Session => false,
        Reader::Grammar => matches!(&*language, "c" | "h" | "diff" | "patch"),
    }
}

/// The names of a block of code that the index knows, in order. A name that several trees have is linked where the author says which
/// of them the code is from. Text in quotes is not code.
pub(super) fn links(code: &Code, stretches: &[Stretch]) -> Vec<Link> {
    if code.tree.is_none() && !names_a_kernel(&code.language) {
        return Vec::new();
    }
    let mut links: Vec<Link> = Vec::new();
    for range in words(&code.text) {
        let name = &code.text[range.clone()];
        let Some(entry) = entry(name, code) else { continue };
        let after = stretches.partition_point(|stretch| stretch.range.end <= range.start);
        let quoted = |stretch: &Stretch| stretch.kind == Kind::String && stretch.range.start <= range.start;
        if !stretches.get(after).is_some_and(quoted) {
            links.push(Link { range, open: source_link(entry) });
        }
    }
    links
}

/// Words as C has them.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_part)?;
        let length = text[start..].find(|c: char| !is_part(c)).unwrap_or(text.len() - start);
        at = start + length;
        Some(start..at)
    })
}

/// What the index has under a name. Names of one plain word are left alone: too much else is called so.
fn entry(name: &str, code: &Code) -> Option<&'static Entry> {
    static ENTRIES: OnceLock<BTreeMap<&'static str, Vec<Entry>>> = OnceLock::new();
    let entries = ENTRIES.get_or_init(|| {
        let mut entries: BTreeMap<&'static str, Vec<Entry>> = BTreeMap::new();
        index::all().into_iter().for_each(|entry| entries.entry(entry.name).or_default().push(entry));
        entries
    });
    let known = entries.get(name).filter(|_| name.contains('_'))?;
    match (code.tree, &known[..]) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(tree), known) => known.iter().find(|entry| entry.tree == tree),
    }
}
