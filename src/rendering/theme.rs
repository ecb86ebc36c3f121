//! The theme: templates, style and scripts, built into the program and replaced by name from a site's `templates/` folder.
//!
//! [`Theme::new`] checks every template; [`Theme::render`] fills one. [`Theme::closure`] is a hash of all the text that a template's
//! result depends on: its own, that of what it extends and includes, and that of the components it calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tera::{Context, ErrorKind, Tera, Value};

use crate::files::source::{Content, SourceFile};
use crate::rendering::closure::{Closure, closures};
use crate::rendering::script::{joined, plain, small};
use crate::rendering::template_error::{Texts, unfilled, unusable};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;
use crate::words::source_text::SourceText;

/// The built-in files, by the names under which a site replaces them.
const BUILT_IN: &[(&str, &str)] = &[
    ("base.html", include_str!("../../templates/base.html")),
    ("components.html", include_str!("../../templates/components.html")),
    ("figure.html", include_str!("../../templates/figure.html")),
    ("home.html", include_str!("../../templates/home.html")),
    ("post.html", include_str!("../../templates/post.html")),
    ("page.html", include_str!("../../templates/page.html")),
    ("archives.html", include_str!("../../templates/archives.html")),
    ("tags.html", include_str!("../../templates/tags.html")),
    ("feed.html", include_str!("../../templates/feed.html")),
    ("search.html", include_str!("../../templates/search.html")),
    ("search.js", include_str!("../../templates/search.js")),
    ("tag.html", include_str!("../../templates/tag.html")),
    ("gallery.html", include_str!("../../templates/gallery.html")),
    ("album.html", include_str!("../../templates/album.html")),
    ("alone.html", include_str!("../../templates/alone.html")),
    ("photo.html", include_str!("../../templates/photo.html")),
    ("404.html", include_str!("../../templates/404.html")),
    ("redirect.html", include_str!("../../templates/redirect.html")),
    ("css/1-tokens.css", include_str!("../../templates/css/1-tokens.css")),
    ("css/2-page.css", include_str!("../../templates/css/2-page.css")),
    ("css/3-prose.css", include_str!("../../templates/css/3-prose.css")),
    ("css/4-code.css", include_str!("../../templates/css/4-code.css")),
    ("css/4-lists.css", include_str!("../../templates/css/4-lists.css")),
    ("css/5-gallery.css", include_str!("../../templates/css/5-gallery.css")),
    ("css/5-notes.css", include_str!("../../templates/css/5-notes.css")),
    ("css/5-post.css", include_str!("../../templates/css/5-post.css")),
    ("css/6-figure.css", include_str!("../../templates/css/6-figure.css")),
    ("css/7-order.css", include_str!("../../templates/css/7-order.css")),
    ("css/7-tools.css", include_str!("../../templates/css/7-tools.css")),
    ("css/8-drawing.css", include_str!("../../templates/css/8-drawing.css")),
    ("css/9-adapt.css", include_str!("../../templates/css/9-adapt.css")),
    ("feed.js", include_str!("../../templates/feed.js")),
    ("icon.svg", include_str!("../../templates/icon.svg")),
    ("neighbours.js", include_str!("../../templates/neighbours.js")),
    ("shell/1-drawing.js", include_str!("../../templates/shell/1-drawing.js")),
    ("shell/1-engine.js", include_str!("../../templates/shell/1-engine.js")),
    ("shell/2-fields.js", include_str!("../../templates/shell/2-fields.js")),
    ("shell/2-marks.js", include_str!("../../templates/shell/2-marks.js")),
    ("shell/2-order.js", include_str!("../../templates/shell/2-order.js")),
    ("shell/3-guess.js", include_str!("../../templates/shell/3-guess.js")),
    ("shell/4-take.js", include_str!("../../templates/shell/4-take.js")),
    ("shell/5-numbers.js", include_str!("../../templates/shell/5-numbers.js")),
    ("shell/6-telling.js", include_str!("../../templates/shell/6-telling.js")),
    ("shell/7-beside.js", include_str!("../../templates/shell/7-beside.js")),
    ("shell/8-figure.js", include_str!("../../templates/shell/8-figure.js")),
    ("shell/9-page.js", include_str!("../../templates/shell/9-page.js")),
    ("viewer/1-words.js", include_str!("../../templates/viewer/1-words.js")),
    ("viewer/2-slide.js", include_str!("../../templates/viewer/2-slide.js")),
    ("viewer/3-fingers.js", include_str!("../../templates/viewer/3-fingers.js")),
    ("viewer/4-viewer.js", include_str!("../../templates/viewer/4-viewer.js")),
    ("viewer/viewer.css", include_str!("../../templates/viewer/viewer.css")),
];

/// Where a site's own files of the theme are.
const FOLDER: &str = "templates/";

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
    /// What pages load.
    pub assets: Assets,
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
        let others = [&self.style, &self.copy, &self.search, &self.icon, &self.bindings];
        shells.into_iter().chain(photos).chain(others).chain(self.modules.values())
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
    /// Names of the theme's files that it is made of; none when no file can take the place of what is built in.
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
    /// Puts the site's own templates in the place of the built-in ones, or beside them, and checks them all.
    pub fn new(overrides: &[SourceFile]) -> Result<Self, Vec<Diagnostic>> {
        let built_in =
            |&(name, text): &(&str, &str)| (name.to_owned(), SourceText::new(format!("{name} (built in)"), text));
        let mut texts: Texts = BUILT_IN.iter().map(built_in).collect();
        for file in overrides {
            if let Content::Text(source) = &file.content {
                let name = source.path.strip_prefix(FOLDER).unwrap_or(&source.path);
                texts.insert(name.to_owned(), Arc::clone(source));
            }
        }
        let templates: Vec<(&str, &str)> = texts
            .iter()
            .filter(|(name, _)| name.ends_with(".html"))
            .map(|(name, text)| (&**name, &*text.text))
            .collect();
        let tera = load(&templates, &texts)?;
        let style = |stem: &str, of_viewer: bool| {
            let sheets = texts.iter().filter(|(name, _)| name.ends_with(".css"));
            let sheets = sheets.filter(|(name, _)| name.starts_with(VIEWER) == of_viewer);
            let (names, sheets): (Vec<String>, Vec<&str>) =
                sheets.map(|(name, text)| (name.clone(), &*text.text)).unzip();
            Asset::new(stem, "css", names, plain(&sheets.concat()).into_bytes())
        };
        let script = |stem: &str, folder: &str, without: &[&str]| {
            let parts = texts.iter().filter(|(name, _)| name.starts_with(folder) && name.ends_with(".js"));
            let parts = parts.filter(|(name, _)| !without.contains(&&***name));
            let (names, parts): (Vec<String>, Vec<&str>) =
                parts.map(|(name, text)| (name.clone(), &*text.text)).unzip();
            Asset::new(stem, "js", names, small(&joined(parts)).into_bytes())
        };
        let text = |name: &str| texts[name].text.as_bytes().to_vec();
        let assets = Assets {
            style: style("style", false),
            // What few figures have may stay away from other pages: nothing there asks for it.
            shell: script("shell", SHELL, &["shell/2-fields.js", "shell/2-order.js"]),
            whole_shell: script("shell-whole", SHELL, &[]),
            copy: script("copy", "feed.js", &[]),
            viewer: script("viewer", VIEWER, &[]),
            viewer_style: style("viewer", true),
            search: script("search", "search.js", &[]),
            neighbours: script("neighbours", "neighbours.js", &[]),
            icon: Asset::new("icon", "svg", vec!["icon.svg".to_owned()], text("icon.svg")),
            bindings: Asset::new("sim", "js", Vec::new(), small(BINDINGS).into_bytes()),
            modules: MODULES
                .into_iter()
                .map(|(name, bytes)| (name, Asset::new(&format!("sim-{name}"), "wasm", Vec::new(), bytes.to_vec())))
                .collect(),
        };
        let closures = closures(&templates);
        Ok(Self { tera: Templates(tera), texts, closures, assets })
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
        paths.filter(|path| path.starts_with(FOLDER))
    }

    /// Whether the theme has a file of that name, built in or the site's own.
    #[must_use]
    pub fn has_file(&self, name: &str) -> bool {
        self.texts.contains_key(name)
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

/// Whether a file of that name is built in.
#[must_use]
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|(built_in, _)| *built_in == name)
}

/// Parses all templates and ties them together, or tells all that keeps it from being done.
fn load(templates: &[(&str, &str)], texts: &Texts) -> Result<Tera, Vec<Diagnostic>> {
    let mut tera = Tera::new();
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
