//! From planned outputs to files in the output folder.

use std::path::Path;

use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// One output: everything about it but its bytes.
pub struct Planned<'a> {
    /// Where it lives.
    pub route: Route,
    /// When it is written.
    pub phase: Phase,
    /// Hash of everything that its bytes depend on.
    pub fingerprint: blake3::Hash,
    /// Makes its bytes.
    pub make: Make<'a>,
}

/// Makes the bytes of an output, or says why it cannot.
pub type Make<'a> = Box<dyn Fn() -> Result<Vec<u8>, Vec<Diagnostic>> + Send + Sync + 'a>;

/// The order in which files are written, so that a reader in between never sees a page that lacks its assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// What pages need: style, scripts, pictures.
    Asset,
    /// What people read.
    Page,
    /// What announces pages: feeds, the sitemap.
    Feed,
}

/// What a build did to the output folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Outputs whose bytes were made.
    pub rendered: usize,
    /// Files that are new or have new bytes.
    pub written: usize,
    /// Files that were not touched.
    pub unchanged: usize,
    /// Files that were deleted.
    pub removed: usize,
}

/// Why nothing, or not everything, was written.
#[derive(Debug)]
pub enum Failure {
    /// The site or its output folder is at fault; nothing was written.
    Site(Vec<Diagnostic>),
    /// The machine is at fault: a full disk, a missing permission, another build at work.
    Machine(Diagnostic),
}

/// The output folder of a site, locked for one build.
#[derive(Debug)]
pub struct Output {}

impl Output {
    /// Locks the site in `root` and looks at its output folder; a relative `folder` is relative to `root`.
    pub fn open(root: &Path, folder: &Path) -> Result<Self, Failure> {
        let _ = (root, folder);
        unimplemented!()
    }

    /// Makes what is not fresh, then writes what differs, then deletes what is no longer planned.
    pub fn write(&mut self, planned: &[Planned<'_>]) -> Result<Report, Failure> {
        let _ = planned;
        unimplemented!()
    }
}

/// Makes all outputs in memory, in the order of `planned`.
pub fn render(planned: &[Planned<'_>]) -> Result<Vec<Vec<u8>>, Vec<Diagnostic>> {
    let _ = planned;
    unimplemented!()
}
