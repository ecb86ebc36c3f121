//! The index of source references: where each name that an event or an article uses is defined, and what it does.
//!
//! An author writes `src:classic/netif_page_release`, or `src:netif_page_release` since only one tree has it, and
//! [`search`] finds the [`Entry`]. The same key stands in pages, so that a figure, its code pane and its text speak of
//! the same line. Lines were read in exactly one version of each tree, which is part of the address; where that
//! version's text was not at hand, a name has its file alone.
//!
//! Only the native build has it: a page is given the sentences it needs.
//!
//! Not modelled: names that no event and no article uses, and what a function did in other versions.

mod classic_kernel;

mod classic_netback;

mod classic_netfront;

mod linux34_kernel;

mod linux34_netback;

mod linux_kernel;

mod linux_netback;

mod linux_netfront;

mod xen_hypervisor;

mod xen_passthrough;

mod xen_public;

mod xen33;

mod pciif;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::telling::source::{SourceRef, Tree};

/// A name of public source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as C has it, without parentheses. No two entries of a tree share one.
    pub name: &'static str,
    /// What it names.
    pub kind: Kind,
    /// The file's path in its tree.
    pub file: &'static str,
    /// The tree.
    pub tree: Tree,
    /// Where in the file it is defined.
    pub place: Place,
    /// What it does, in one or two sentences and at most 240 characters.
    pub does: &'static str,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A function.
    Function,
    /// A macro that takes arguments or computes something.
    Macro,
    /// A structure or an enumeration.
    Structure,
    /// A number with a name.
    Constant,
    /// A variable of a whole driver.
    Variable,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Macro => "macro",
            Self::Structure => "structure",
            Self::Constant => "constant",
            Self::Variable => "variable",
        }
    }
}

/// Where a name is defined, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this line of the file, counted from 1: the line that has the name.
    Line(u32),
    /// Somewhere in the file: its text in this very version was not at hand.
    File,
}

impl Entry {
    /// The key, the same as [`SourceRef::push_key`] writes.
    #[must_use]
    pub fn key(&self) -> String {
        [self.tree.key(), "/", self.name].concat()
    }

    /// The version of the tree that the line was read in: a release's tag, or the beginning of a commit's hash.
    #[must_use]
    pub const fn version(&self) -> &'static str {
        version(self.tree)
    }

    /// A public address that shows the line in that version, or the file if the line is not known.
    #[must_use]
    pub fn url(&self) -> String {
        let file = self.file;
        let (before, after, anchor) = match self.tree {
            Tree::Classic => (CLASSIC_TREE, "", "#L"),
            Tree::Linux34 => (STABLE_TREE, "?h=v3.4.113", "#n"),
            Tree::Upstream => (STABLE_TREE, "?h=v6.12.101", "#n"),
            Tree::Xen => (XEN_TREE, ";hb=refs/tags/RELEASE-4.14.6", "#l"),
            Tree::Xen33 => (XEN_TREE, ";hb=refs/tags/RELEASE-3.3.1", "#l"),
        };
        match self.place {
            Place::Line(line) => format!("{before}{file}{after}{anchor}{line}"),
            Place::File => format!("{before}{file}{after}"),
        }
    }
}

/// A public copy of the classic drivers as they stood late in 2008, at one commit. Their own repository is
/// <https://xenbits.xen.org/hg/linux-2.6.18-xen.hg>.
const CLASSIC_TREE: &str =
    "https://github.com/bronson/linux-2.6.18.8-ovz-xen/blob/a63dbc8d100c62091aeb298afe864bfc18e085b5/";
const STABLE_TREE: &str = "https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git/tree/";
const XEN_TREE: &str = "https://xenbits.xen.org/gitweb/?p=xen.git;a=blob;f=";

/// The one version of a tree whose lines the index has.
#[must_use]
pub const fn version(tree: Tree) -> &'static str {
    match tree {
        Tree::Classic => "2.6.18.8-xen a63dbc8d",
        Tree::Linux34 => "v3.4.113",
        Tree::Upstream => "v6.12.101",
        Tree::Xen => "RELEASE-4.14.6",
        Tree::Xen33 => "RELEASE-3.3.1",
    }
}

/// Why a reference of an author's leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// No tree has the name. [`names`] has those that would do.
    UnknownName,
    /// There is no tree of that key. [`Tree::ALL`] has those there are.
    UnknownTree,
    /// More than one tree has the name, so a tree must be named.
    Ambiguous(Vec<Tree>),
    /// The tree that was named has it not, but these have it.
    Elsewhere(Vec<Tree>),
}

/// All entries, sorted by key.
#[must_use]
pub fn all() -> Vec<Entry> {
    let mut entries: Vec<Entry> = files().flat_map(SourceFile::entries).collect();
    entries.sort_unstable_by_key(|entry| (entry.tree.key(), entry.name));
    entries
}

/// The entry of that name in a tree.
#[must_use]
pub fn find(tree: Tree, name: &str) -> Option<Entry> {
    files().filter(|file| file.tree == tree).flat_map(SourceFile::entries).find(|entry| entry.name == name)
}

/// The entry of the code behind an event.
#[must_use]
pub fn of(reference: &SourceRef) -> Option<Entry> {
    find(reference.tree, reference.name()).filter(|entry| entry.file == reference.file)
}

/// The entry that an author means by what follows `src:`, either a key or a name that only one tree has. Parentheses
/// after a function's name do no harm.
///
/// # Errors
///
/// [`Unresolved`] if it means none, or more than one.
pub fn search(text: &str) -> Result<Entry, Unresolved> {
    let text = text.strip_prefix("src:").unwrap_or(text);
    let text = text.strip_suffix("()").unwrap_or(text);
    let Some((key, name)) = text.split_once('/') else {
        let found: Vec<Entry> = Tree::ALL.into_iter().filter_map(|tree| find(tree, text)).collect();
        return match found[..] {
            [] => Err(Unresolved::UnknownName),
            [entry] => Ok(entry),
            _ => Err(Unresolved::Ambiguous(found.iter().map(|entry| entry.tree).collect())),
        };
    };
    let tree = Tree::ALL.into_iter().find(|tree| tree.key() == key).ok_or(Unresolved::UnknownTree)?;
    find(tree, name).ok_or_else(|| {
        let elsewhere: Vec<Tree> = Tree::ALL.into_iter().filter(|&other| find(other, name).is_some()).collect();
        if elsewhere.is_empty() { Unresolved::UnknownName } else { Unresolved::Elsewhere(elsewhere) }
    })
}

/// Every text that [`search`] resolves, sorted: all keys, and the names that only one tree has.
#[must_use]
pub fn names() -> Vec<String> {
    let entries = all();
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    let alone = names.chunk_by(|one, other| one == other).filter(|same| same.len() == 1).map(|same| same[0].to_owned());
    let mut texts: Vec<String> = alone.chain(entries.iter().map(Entry::key)).collect();
    texts.sort_unstable();
    texts
}

/// One file of a tree, with the names that are defined in it.
struct SourceFile {
    /// The path in its tree.
    path: &'static str,
    tree: Tree,
    /// Sorted by name.
    entries: &'static [Named],
}

/// An entry but for its file.
struct Named {
    kind: Kind,
    name: &'static str,
    place: Place,
    does: &'static str,
}

impl SourceFile {
    fn entries(&self) -> impl Iterator<Item = Entry> {
        let &SourceFile { path: file, tree, entries } = self;
        entries.iter().map(move |&Named { kind, name, place, does }| Entry { name, kind, file, tree, place, does })
    }
}

const fn function(name: &'static str, place: Place, does: &'static str) -> Named {
    Named { kind: Kind::Function, name, place, does }
}

const fn preprocessor(name: &'static str, place: Place, does: &'static str) -> Named {
    Named { kind: Kind::Macro, name, place, does }
}

const fn structure(name: &'static str, place: Place, does: &'static str) -> Named {
    Named { kind: Kind::Structure, name, place, does }
}

const fn constant(name: &'static str, place: Place, does: &'static str) -> Named {
    Named { kind: Kind::Constant, name, place, does }
}

const fn variable(name: &'static str, place: Place, does: &'static str) -> Named {
    Named { kind: Kind::Variable, name, place, does }
}

fn files() -> impl Iterator<Item = &'static SourceFile> {
    let families: [&'static [SourceFile]; 13] = [
        classic_netback::FILES,
        classic_netfront::FILES,
        classic_kernel::FILES,
        linux34_netback::FILES,
        linux34_kernel::FILES,
        linux_netback::FILES,
        linux_netfront::FILES,
        linux_kernel::FILES,
        xen_public::FILES,
        xen_hypervisor::FILES,
        xen33::FILES,
        xen_passthrough::FILES,
        pciif::FILES,
    ];
    families.into_iter().flatten()
}
