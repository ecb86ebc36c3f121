//! The theme: templates, style and scripts, built into the program and replaced by name from a folder of the site's `themes/`, and over all
//! from its `templates/`.
//!
//! [`Theme::of`] checks every template; [`Theme::render`] fills one. [`Theme::closure`] is a hash of all the text that a template's
//! result depends on: its own, that of what it extends and includes, and that of the components it calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tera::{Context, ErrorKind, Tera, Value};

use crate::files::config::ThemesConfig;
use crate::files::source::{Content, SourceFile};
use crate::rendering::built_in::USUAL;
use crate::rendering::closure::{Closure, closures};
use crate::rendering::filters;
use crate::rendering::script::{joined, plain, small};
use crate::rendering::shelf::{self, Shelf};
use crate::rendering::template_error::{Texts, unfilled, unusable};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;
use crate::words::source_text::SourceText;

/// Where a site's own files are that stand over those of its theme.
const FOLDER: &str = "templates/";

/// What asks for what stands beside the text.
const ASIDE: &str = "site.aside";

/// The colours of the paper where no style says them.
const PAPERS: (&str, &str) = ("#fbfaf7", "#14181b");

/// Where the parts of the figure shell are, and those of the viewer, which has its style beside it: only albums load it.
const SHELL: &str = "shell/";
const VIEWER: &str = "viewer/";

/// The engine's modules and the bindings that they share, as the build script left them.
const BINDINGS: &str = include_str!(concat!(env!("OUT_DIR"), "/sim.js"));
const MODULES: [(&str, &[u8]); 9] = [
    ("ring", include_bytes!(concat!(env!("OUT_DIR"), "/ring.wasm"))),
    ("path", include_bytes!(concat!(env!("OUT_DIR"), "/path.wasm"))),
    ("flow", include_bytes!(concat!(env!("OUT_DIR"), "/flow.wasm"))),
    ("sharing", include_bytes!(concat!(env!("OUT_DIR"), "/sharing.wasm"))),
    ("receive", include_bytes!(concat!(env!("OUT_DIR"), "/receive.wasm"))),
    ("access", include_bytes!(concat!(env!("OUT_DIR"), "/access.wasm"))),
    ("ways", include_bytes!(concat!(env!("OUT_DIR"), "/ways.wasm"))),
    ("moving", include_bytes!(concat!(env!("OUT_DIR"), "/moving.wasm"))),
    ("toolstack", include_bytes!(concat!(env!("OUT_DIR"), "/toolstack.wasm"))),
];

/// Templates and assets, ready for use.
#[derive(Debug)]
pub struct Theme {
    tera: Templates,
    texts: Texts,
    closures: BTreeMap<String, Closure>,
    /// Its name.
    pub name: String,
    /// Whether a template asks for what stands beside the text: years and tags.
    pub aside: bool,
    /// The colours of its paper by day and by night.
    pub papers: (String, String),
    /// The themes that readers may choose from, the site's own among them; none when they may not.
    pub offered: Vec<Offered>,
    /// What pages load.
    pub assets: Assets,
}

/// A theme that readers may choose.
#[derive(Debug)]
pub struct Offered {
    /// Its name.
    pub name: String,
    /// As people read it.
    pub title: String,
    /// Its style sheet; none for the site's own theme, whose sheet pages have already.
    pub style: Option<usize>,
}

/// `Tera` has no `Debug`.
struct Templates(Tera);

impl std::fmt::Debug for Templates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.get_template_names()).finish()
    }
}

/// What pages load; published under names that change with the content.
#[derive(Debug)]
pub struct Assets {
    /// All style sheets but the viewer's, in the order of their names.
    pub style: Asset,
    /// The figure shell, for pages whose knobs are menus and on which nothing can be put in order.
    pub shell: Asset,
    /// The whole of it.
    pub whole_shell: Asset,
    /// What copies addresses on the page about feeds.
    pub copy: Asset,
    /// What shows an album's photographs one after the other.
    pub viewer: Asset,
    /// Its style.
    pub viewer_style: Asset,
    /// What finds words.
    pub search: Asset,
    /// What leads from a photograph's page to its neighbours by keys.
    pub neighbours: Asset,
    /// What does as the reader has chosen, and copies code; a classic script.
    pub reader: Asset,
    /// Style sheets of the other themes that readers may choose.
    pub others: Vec<Asset>,
    /// The site's mark.
    pub icon: Asset,
    /// The bindings of the engine's modules.
    pub bindings: Asset,
    /// The engine's modules by their names.
    pub modules: BTreeMap<&'static str, Asset>,
}

impl Assets {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Asset> {
        let shells = [&self.shell, &self.whole_shell];
        let photos = [&self.viewer, &self.viewer_style, &self.neighbours];
        let common = [&self.style, &self.copy, &self.search, &self.reader, &self.icon, &self.bindings];
        shells.into_iter().chain(photos).chain(common).chain(&self.others).chain(self.modules.values())
    }
}

/// A file that pages load.
#[derive(Debug)]
pub struct Asset {
    /// Where it lives; the name holds the hash.
    pub route: Route,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Hash of `bytes`.
    pub hash: blake3::Hash,
    /// The site's own files that it is made of, as the author sees them.
    pub files: Vec<String>,
}

impl Asset {
    fn new(stem: &str, extension: &str, files: Vec<String>, bytes: Vec<u8>) -> Self {
        let hash = blake3::hash(&bytes);
        let route = Route::new(format!("assets/{stem}.{}.{extension}", &hash.to_hex()[..16]));
        Self { route: route.expect("stem and extension are plain words"), bytes, hash, files }
    }
}

impl Theme {
    /// The usual theme, with the site's own templates in the place of its own, or beside them.
    pub fn new(overrides: &[SourceFile]) -> Result<Self, Vec<Diagnostic>> {
        Self::of(&ThemesConfig::default(), &[], overrides)
    }

    /// The theme that a site asks for, out of those that are built in and the `folders` of its own, with the site's own templates in the
    /// place of its own, or beside them; checks them all.
    pub fn of(
        wanted: &ThemesConfig,
        folders: &[SourceFile],
        overrides: &[SourceFile],
    ) -> Result<Self, Vec<Diagnostic>> {
        let shelf = Shelf::new(folders);
        let named = || wanted.theme.iter().chain(&wanted.offer);
        let mut problems = shelf.problems(named().map(|name| name.value.as_str()));
        problems.extend(named().filter_map(|name| shelf.lacks(name)));
        if !problems.is_empty() {
            return Err(problems);
        }
        let name = wanted.theme.as_ref().map_or(USUAL, |theme| &theme.value);
        let over = |mut texts: Texts| {
            for file in overrides {
                let name = file.path.strip_prefix(FOLDER).unwrap_or(&file.path);
                // This program's own repository is a site, too, whose templates are what is built in.
                if let (Content::Text(source), false) = (&file.content, name.starts_with(shelf::FOLDER)) {
                    texts.insert(name.to_owned(), Arc::clone(source));
                }
            }
            texts
        };
        let texts = over(shelf.texts(name));
        let templates: Vec<(&str, &str)> = texts
            .iter()
            .filter(|(name, _)| name.ends_with(".html"))
            .map(|(name, text)| (&**name, &*text.text))
            .collect();
        let tera = load(&templates, &texts)?;
        let closures = closures(&templates);
        let aside = templates.iter().any(|(_, text)| text.contains(ASIDE));
        let mut assets = Assets::new(&texts);
        let mut offered = Vec::new();
        let is_offered = wanted.offer.iter().any(|offer| offer.value == name);
        let first = (!is_offered && !wanted.offer.is_empty()).then_some(name);
        for offer in first.into_iter().chain(wanted.offer.iter().map(|offer| &*offer.value)) {
            let style = (offer != name).then(|| {
                assets.others.push(style(&format!("style-{offer}"), &over(shelf.texts(offer)), Sheets::OfPages));
                assets.others.len() - 1
            });
            offered.push(Offered { name: offer.to_owned(), title: shelf.title(offer), style });
        }
        let papers = papers(&String::from_utf8_lossy(&assets.style.bytes));
        let name = name.to_owned();
        Ok(Self { tera: Templates(tera), texts, closures, name, aside, papers, offered, assets })
    }

    /// Whether a template has that name.
    #[must_use]
    pub fn has(&self, template: &str) -> bool {
        self.closures.contains_key(template)
    }

    /// The names of all templates, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.closures.keys().map(String::as_str)
    }

    /// Hash of everything but the view that the result of `template` depends on.
    #[must_use]
    pub fn closure(&self, template: &str) -> blake3::Hash {
        self.closures.get(template).map_or_else(|| blake3::hash(b""), |closure| closure.hash)
    }

    /// The names of a template and of all that it reaches, in order.
    pub fn reached(&self, template: &str) -> impl Iterator<Item = &str> {
        self.closures.get(template).into_iter().flat_map(|closure| &closure.names).map(String::as_str)
    }

    /// Hashes of all templates by name, each by itself.
    #[must_use]
    pub fn texts(&self) -> BTreeMap<String, blake3::Hash> {
        self.names().map(|name| (name.to_owned(), blake3::hash(self.texts[name].text.as_bytes()))).collect()
    }

    /// The site's own files among those of these names, as the author sees them.
    pub fn own_files<'a>(&'a self, names: &'a [String]) -> impl Iterator<Item = &'a str> {
        let paths = names.iter().filter_map(|name| self.texts.get(name)).map(|text| text.path.as_str());
        paths.filter(|path| is_of_theme(path))
    }

    /// Whether the file of the site at `path` is one of the theme's.
    #[must_use]
    pub fn is_made_of(&self, path: &str) -> bool {
        shelf::is_said_of_theme(path) || self.texts.values().any(|text| text.path == path)
    }

    /// Fills `template` with `view`; `content` is the file that is being rendered, for the message when that fails.
    pub fn render(&self, template: &str, view: &impl Serialize, content: &str) -> Result<String, Vec<Diagnostic>> {
        self.render_with(template, view, [], content)
    }

    /// The same with values that other pages have too, by their names.
    pub fn render_with(
        &self,
        template: &str,
        view: &impl Serialize,
        shared: impl IntoIterator<Item = (&'static str, Value)>,
        content: &str,
    ) -> Result<String, Vec<Diagnostic>> {
        let context = Context::from_serialize(view).map(|mut context| {
            shared.into_iter().for_each(|(name, value)| context.insert_value(name, value));
            context
        });
        let rendered = context.and_then(|context| self.tera.0.render(template, &context));
        rendered.map_err(|error| vec![unfilled(&error, template, content, &self.texts)])
    }
}

impl Assets {
    /// Those of a theme with these files, without the style sheets of others.
    fn new(texts: &Texts) -> Self {
        let script = |stem: &str, folder: &str, without: &[&str]| {
            let parts = texts.iter().filter(|(name, _)| name.starts_with(folder) && name.ends_with(".js"));
            let parts: Vec<_> = parts.filter(|(name, _)| !without.contains(&&***name)).map(|(_, text)| text).collect();
            let script = joined(parts.iter().map(|text| &*text.text));
            Asset::new(stem, "js", own(&parts), small(&script).into_bytes())
        };
        let icon = &texts["icon.svg"];
        Self {
            style: style("style", texts, Sheets::OfPages),
            // What few figures have may stay away from other pages: nothing there asks for it.
            shell: script("shell", SHELL, &["shell/2-fields.js", "shell/2-order.js"]),
            whole_shell: script("shell-whole", SHELL, &[]),
            copy: script("copy", "feed.js", &[]),
            viewer: script("viewer", VIEWER, &[]),
            viewer_style: style("viewer", texts, Sheets::OfViewer),
            search: script("search", "search.js", &[]),
            neighbours: script("neighbours", "neighbours.js", &[]),
            reader: script("reader", "reader.js", &[]),
            others: Vec::new(),
            icon: Asset::new("icon", "svg", own(&[icon]), icon.text.as_bytes().to_vec()),
            bindings: Asset::new("sim", "js", Vec::new(), small(BINDINGS).into_bytes()),
            modules: MODULES
                .into_iter()
                .map(|(name, bytes)| (name, Asset::new(&format!("sim-{name}"), "wasm", Vec::new(), bytes.to_vec())))
                .collect(),
        }
    }
}

/// Which of a theme's style sheets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sheets {
    OfPages,
    OfViewer,
}

/// All style sheets of one kind in one, in the order of their names.
fn style(stem: &str, texts: &Texts, which: Sheets) -> Asset {
    let sheets = texts.iter().filter(|(name, _)| name.ends_with(".css"));
    let of_viewer = which == Sheets::OfViewer;
    let sheets: Vec<_> =
        sheets.filter(|(name, _)| name.starts_with(VIEWER) == of_viewer).map(|(_, text)| text).collect();
    let sheet: String = sheets.iter().map(|text| &*text.text).collect();
    Asset::new(stem, "css", own(&sheets), plain(&sheet).into_bytes())
}

/// The site's own files among these texts.
fn own(texts: &[&Arc<SourceText>]) -> Vec<String> {
    texts.iter().map(|text| &text.path).filter(|path| is_of_theme(path)).cloned().collect()
}

/// Whether a file of the site is where its looks are made.
#[must_use]
pub fn is_of_theme(path: &str) -> bool {
    path.starts_with(FOLDER) || path.starts_with(shelf::FOLDER)
}

/// The colours of the paper by day and by night, as the last token of that name has them.
fn papers(sheet: &str) -> (String, String) {
    let (light, dark) = PAPERS;
    let values = sheet.split("--paper").skip(1).filter_map(|rest| rest.trim_start().strip_prefix(':'));
    let value = values.last().and_then(|rest| rest.split([';', '}']).next()).unwrap_or_default().trim();
    let pair = match value.strip_prefix("light-dark(") {
        Some(pair) => pair.trim_end_matches(')').split_once(','),
        // One colour for day and night.
        None => Some((value, value)),
    };
    let pair = pair.map(|(light, dark)| (light.trim(), dark.trim()));
    let is_plain = |colour: &str| colour.starts_with('#') && colour[1..].chars().all(|c| c.is_ascii_hexdigit());
    let (light, dark) = pair.filter(|(light, dark)| is_plain(light) && is_plain(dark)).unwrap_or((light, dark));
    (light.to_owned(), dark.to_owned())
}

/// Parses all templates and ties them together, or tells all that keeps it from being done.
fn load(templates: &[(&str, &str)], texts: &Texts) -> Result<Tera, Vec<Diagnostic>> {
    let mut tera = Tera::new();
    filters::register(&mut tera);
    let Err(error) = tera.add_raw_templates(templates.iter().copied()) else { return Ok(tera) };
    // The engine stops at the first template that it cannot parse; each by itself tells of the others.
    let unreadable: Vec<Diagnostic> = templates
        .iter()
        .filter_map(|&(name, text)| Tera::new().add_raw_template(name, text).err())
        .filter(|error| matches!(error.kind(), ErrorKind::SyntaxError(_)))
        .flat_map(|error| unusable(&error, texts))
        .collect();
    Err(if unreadable.is_empty() { unusable(&error, texts) } else { unreadable })
}
