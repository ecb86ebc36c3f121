//! A figure that an author asked for becomes what the page shows: pictures, menus, narration, the text version; and, for places that
//! know neither our style nor our scripts, a PNG, an SVG and a plain piece of HTML.
//!
//! Everything comes from one run of the engine, the same that the reader's browser makes.

use pulldown_cmark_escape::escape_html;
use sim::telling::knobs::{Counted, Knob, KnobOption, Offers};
use sim::telling::player::Player;
use sim::telling::source::SourceRef;
use sim::telling::source::index::{self, Place};
use sim::telling::story::{Answers, FigureSpec, Layout};
use sim::telling::svg::Ink;
use sim::telling::{figure, module_of, narration};
use sim::words::text::Text;

use crate::files::config::Config;
use crate::graph::site::FigureUse;
use crate::rendering::raster::rasterise;
use crate::rendering::theme::Assets;
use crate::rendering::view::figure::{
    ActionView, CodeView, FigureView, GuessView, ItemView, KnobOptionView, KnobView, NumbersView, OrderView, PngView,
    PresetView, SayView,
};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// Where a figure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In the page that asked for it.
    InPage,
    /// In a page of its own, which may be a file on somebody's disk or a frame in somebody's page.
    Alone,
}

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
    pub fn view(&self, config: &Config, assets: &Assets, standing: Standing) -> FigureView {
        let spec = self.player.spec();
        let module = self.module();
        let (base_url, page_url) = (&config.base_url, self.page.url(&config.base_url));
        // A page that is carried away from its site takes no folder with it.
        let (base, page_url) = match standing {
            Standing::InPage => (config.base_path(), String::new()),
            Standing::Alone => (base_url.as_str(), page_url),
        };
        let (width, height) = self.size();
        let wide = self.player.page_svg(Layout::Wide);
        FigureView {
            id: self.wanted.id.clone(),
            name: spec.name,
            preset: self.wanted.preset.clone(),
            title: spec.title,
            question: spec.question,
            caption_html: self.wanted.caption.clone(),
            not_modelled: spec.not_modelled.to_vec(),
            bindings: format!("{}#{module}", assets.bindings.route.href(base)),
            module: assets.modules[module].route.href(base),
            start: self.player.state(),
            cells: wide.contains("<a "),
            wide,
            narrow: self.player.page_svg(Layout::Narrow),
            steps: self.player.steps(),
            presets: presets(spec),
            knobs: self.knobs(),
            actions: actions(spec),
            order: self.order(),
            film_html: self.film_html(""),
            say: SayView { time: self.player.time(), sentence: self.player.sentence(), source: self.player.source() },
            chart_wide: self.player.page_chart(Layout::Wide, None),
            chart_narrow: self.player.page_chart(Layout::Narrow, None),
            guess: self.guess(),
            code: code(spec),
            rows_html: self.player.rows(),
            png: Some(PngView { src: self.png_route().href(base), width, height }),
            svg_href: self.svg_route().href(base),
            csv_href: self.csv_route().href(base),
            alone_href: self.alone_route().href(base),
            alone_url: self.alone_route().url(base_url),
            page_url,
        }
    }

    /// The engine's module that the figure is in.
    #[must_use]
    pub fn module(&self) -> &'static str {
        module_of(self.player.spec()).name
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

    /// Where the whole run as comma-separated values lives.
    #[must_use]
    pub fn csv_route(&self) -> Route {
        self.beside("csv")
    }

    /// Where the figure as a page of its own lives.
    #[must_use]
    pub fn alone_route(&self) -> Route {
        self.beside("html")
    }

    fn beside(&self, extension: &str) -> Route {
        self.page.beside(&format!("figure-{}.{extension}", self.wanted.id))
    }

    /// The first frame as an SVG that stands alone.
    #[must_use]
    pub fn svg(&self) -> String {
        self.player.svg(Layout::Wide, Ink::Light)
    }

    /// The whole run as comma-separated values.
    #[must_use]
    pub fn csv(&self) -> String {
        self.player.csv()
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

    fn guess(&self) -> Option<GuessView> {
        let guess = self.player.spec().guess?;
        let mut view = GuessView {
            question: guess.question,
            choices: Vec::new(),
            items: Vec::new(),
            most: 0,
            unit: "",
            asks: self.player.answer().is_some(),
        };
        match guess.answers {
            Answers::Choice(choices) => view.choices = choices.to_vec(),
            Answers::Number { most, unit } => (view.most, view.unit) = (most, unit),
            Answers::Order { items, .. } => {
                let item = |(place, name): (usize, &&'static str)| ItemView { key: place.to_string(), name, who: "" };
                view.items = items.iter().enumerate().map(item).collect();
            }
        }
        Some(view)
    }

    /// What can be put in order, as it lies at first.
    fn order(&self) -> Option<OrderView> {
        let spec = self.player.spec();
        let sequence = spec.order?;
        let item = |letter: char| {
            let action = spec.actions.iter().find(|action| action.letter == letter)?;
            Some(ItemView { key: letter.to_string(), name: action.title, who: narration::class(action.who) })
        };
        let items = self.player.order().chars().filter_map(item).collect();
        Some(OrderView { title: sequence.title, items })
    }

    fn knobs(&self) -> Vec<KnobView> {
        let view = |(index, knob): (usize, &Knob)| {
            let value = self.player.knob(index);
            let option = |option: &KnobOption| KnobOptionView {
                value: option.value,
                name: option.title,
                selected: option.value == value,
            };
            let numbers = match &knob.offers {
                Offers::Menu(_) => None,
                Offers::Number(numbers) => Some(NumbersView {
                    least: numbers.least,
                    most: numbers.most,
                    stride: numbers.stride,
                    frames: numbers.of == Counted::Frames,
                }),
            };
            KnobView {
                index,
                id: knob.name,
                name: knob.title,
                unit: knob.unit,
                value,
                options: knob.named().iter().map(option).collect(),
                numbers,
            }
        };
        self.player.spec().knobs.iter().enumerate().map(view).collect()
    }

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

/// The code behind everything that the presets show, and the first of them with each knob turned.
fn code(spec: &'static FigureSpec) -> Vec<CodeView> {
    let mut references = Vec::new();
    let mut collect = |player: &Player| {
        for reference in player.source_refs() {
            if !references.contains(&reference) {
                references.push(reference);
            }
        }
    };
    for preset in 0..spec.presets.len() {
        collect(&Player::new(spec, preset));
    }
    for (index, knob) in spec.knobs.iter().enumerate() {
        for value in knob.some_values() {
            let mut player = Player::new(spec, 0);
            player.set_knob(index, value);
            collect(&player);
        }
    }
    references.iter().map(code_view).collect()
}

fn code_view(reference: &SourceRef) -> CodeView {
    let mut key = Text::new();
    reference.push_key(&mut key);
    let entry = index::of(reference).expect("every event's code is in the index");
    let line = match entry.place {
        Place::Line(line) => format!(":{line}"),
        Place::File => String::new(),
    };
    // Of a commit's hash the address tells enough.
    let version = entry.version().split(' ').next().unwrap_or_default();
    CodeView {
        key: key.into_string(),
        function: reference.function,
        place: format!("{}{line}", reference.file_name()),
        tree: format!("{} {version}", entry.tree.name().split(' ').next().unwrap_or_default()),
        url: entry.url(),
        does: entry.does,
    }
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    escape_html(&mut html, text).expect("writing to a string does not fail");
    html
}
