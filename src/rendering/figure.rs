//! A figure that an author asked for becomes what the page shows: pictures, menus, narration, the text version; and, for places that
//! know neither our style nor our scripts, a PNG, an SVG and a plain piece of HTML.
//!
//! Everything comes from one run of the engine, the same that the reader's browser makes.

use pulldown_cmark_escape::escape_html;
use sim::telling::player::Player;
use sim::telling::story::{FigureSpec, Layout};
use sim::telling::svg::Ink;
use sim::telling::{figure, module_of, narration};

use crate::graph::site::FigureUse;
use crate::rendering::raster::rasterise;
use crate::rendering::theme::Assets;
use crate::rendering::view::figure::{ActionView, FigureView, KnobOptionView, KnobView, PngView, PresetView, SayView};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// A figure in a page, run to its first frame.
pub struct Figure<'a> {
    wanted: &'a FigureUse,
    page: &'a Route,
    player: Player,
}

impl std::fmt::Debug for Figure<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Figure").field("state", &self.player.state()).field("page", &self.page).finish()
    }
}

impl<'a> Figure<'a> {
    /// Runs the figure that `page` asks for.
    ///
    /// # Panics
    /// When figure, preset or a knob is not known; that was checked when the author's text was parsed.
    #[must_use]
    pub fn new(wanted: &'a FigureUse, page: &'a Route) -> Self {
        let spec = figure(&wanted.figure).expect("the figure is in the catalogue");
        let preset = spec.preset(&wanted.preset).expect("the figure has the preset");
        let mut player = Player::new(spec, preset);
        for (name, value) in &wanted.knobs {
            player.set_knob(spec.knob(name).expect("the figure has the knob"), *value);
        }
        Self { wanted, page, player }
    }

    /// What the figure's template sees.
    #[must_use]
    pub fn view(&self, base_path: &str, assets: &Assets) -> FigureView {
        let spec = self.player.spec();
        let module = module_of(spec).name;
        let (width, height) = self.size();
        FigureView {
            id: self.wanted.id.clone(),
            name: spec.name,
            preset: self.wanted.preset.clone(),
            title: spec.title,
            question: spec.question,
            caption_html: self.wanted.caption.clone(),
            not_modelled: spec.not_modelled.to_vec(),
            bindings: format!("{}#{module}", assets.bindings.route.href(base_path)),
            module: assets.modules[module].route.href(base_path),
            start: self.player.state(),
            wide: self.player.page_svg(Layout::Wide),
            narrow: self.player.page_svg(Layout::Narrow),
            steps: self.player.steps(),
            presets: presets(spec),
            knobs: self.knobs(),
            actions: actions(spec),
            film_html: self.film_html(""),
            say: SayView { time: self.player.time(), sentence: self.player.sentence(), source: self.player.source() },
            rows_html: self.player.rows(),
            png: Some(PngView { src: self.png_route().href(base_path), width, height }),
            svg_href: self.svg_route().href(base_path),
        }
    }

    /// Where the PNG lives: beside the page, under a name that stays the same, since feeds and other sites point to it.
    #[must_use]
    pub fn png_route(&self) -> Route {
        self.beside("png")
    }

    /// Where the SVG lives.
    #[must_use]
    pub fn svg_route(&self) -> Route {
        self.beside("svg")
    }

    fn beside(&self, extension: &str) -> Route {
        let folder = self.page.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
        let slash = if folder.is_empty() { "" } else { "/" };
        let route = Route::new(format!("{folder}{slash}figure-{}.{extension}", self.wanted.id));
        route.expect("an id is one part of a route")
    }

    /// The first frame as an SVG that stands alone.
    #[must_use]
    pub fn svg(&self) -> String {
        self.player.svg(Layout::Wide, Ink::Light)
    }

    /// The first frame as a PNG.
    pub fn png(&self) -> Result<Vec<u8>, Vec<Diagnostic>> {
        rasterise(&self.svg()).map_err(|reason| {
            let message = format!("the figure `{}` cannot be drawn as a PNG: {reason}", self.wanted.figure);
            vec![Diagnostic::error("figure-picture", message).at(self.wanted.span.clone(), "")]
        })
    }

    /// Width and height of the wide picture in CSS pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.player.size(Layout::Wide)
    }

    /// What the picture shows, in a sentence.
    #[must_use]
    pub fn alternative(&self) -> String {
        format!("{}: {}", self.player.spec().title, self.player.sentence())
    }

    /// The figure for feed readers: the PNG and a caption, both leading to the live figure at `page_url`.
    #[must_use]
    pub fn plain_html(&self, page_url: &str, base_url: &str) -> String {
        let live = escaped(&format!("{page_url}#{}", self.wanted.id));
        let src = escaped(&self.png_route().url(base_url));
        let alt = escaped(&self.alternative());
        let (width, height) = self.size();
        let caption = if self.wanted.caption.is_empty() {
            escaped(self.player.spec().question)
        } else {
            self.wanted.caption.clone()
        };
        format!(
            "<p><a href=\"{live}\"><img src=\"{src}\" width=\"{width}\" height=\"{height}\" alt=\"{alt}\"></a></p>\n\
             <p>{caption} <a href=\"{live}\">Step through it on the page.</a></p>\n"
        )
    }

    fn knobs(&self) -> Vec<KnobView> {
        let view = |(index, knob): (usize, &sim::telling::story::Knob)| {
            let value = self.player.knob(index);
            let option = |option: &sim::telling::story::KnobOption| KnobOptionView {
                value: option.value,
                name: option.title,
                selected: option.value == value,
            };
            KnobView {
                index,
                id: knob.name,
                name: knob.title,
                unit: knob.unit,
                value,
                options: knob.options.iter().map(option).collect(),
            }
        };
        self.player.spec().knobs.iter().enumerate().map(view).collect()
    }

    /// The preset's chosen moments, each once, and none that the author's knobs put beyond the end.
    /// The moments that matter as items of a list, for this page or, with its address, for another.
    #[must_use]
    pub fn film_html(&self, page: &str) -> String {
        self.player.film(&format!("{page}#{}", self.wanted.id))
    }
}

fn presets(spec: &'static FigureSpec) -> Vec<PresetView> {
    let view = |(index, preset): (usize, &'static sim::telling::story::Preset)| PresetView {
        id: preset.name,
        name: preset.title,
        says: preset.says,
        key: if index < 5 { (index + 1).to_string() } else { String::new() },
        state: Player::new(spec, index).state(),
    };
    spec.presets.iter().enumerate().map(view).collect()
}

fn actions(spec: &'static FigureSpec) -> Vec<ActionView> {
    let view = |action: &'static sim::telling::story::ActionSpec| ActionView {
        letter: action.letter,
        name: action.title,
        who: narration::class(action.who),
        hint: action.hint,
    };
    spec.actions.iter().map(view).collect()
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    escape_html(&mut html, text).expect("writing to a string does not fail");
    html
}
