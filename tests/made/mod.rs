//! What a site becomes, in memory.

use std::collections::BTreeMap;
use std::path::Path;

use genblog::files::kept::{Access, Kept};
use genblog::files::output;
use genblog::files::source::Source;
use genblog::graph::site::Site;
use genblog::rendering::feeds;
use genblog::rendering::plan::plan;
use genblog::rendering::renderer::Renderer;
use genblog::rendering::theme::Theme;
use genblog::words::diagnostic::Diagnostic;

/// Outputs by file.
pub(crate) type Outputs = BTreeMap<String, Vec<u8>>;

/// All outputs of a site in a theme, or what keeps them from being made; and what their plan and the feeds' check warn of.
pub(crate) fn made(site: &Site, theme: &Theme) -> (Result<Outputs, Vec<Diagnostic>>, Vec<Diagnostic>) {
    let renderer = Renderer::new(site, theme, blake3::hash(b"test"));
    let (plan, mut warnings) = plan(&renderer, &Kept::new(Path::new("/nowhere"), Access::Read));
    warnings.extend(feeds::check(&renderer, &Source::default()));
    let made = output::render(&plan.outputs);
    let named = made.map(|made| plan.outputs.iter().map(|planned| planned.route.file()).zip(made).collect());
    (named, warnings)
}
