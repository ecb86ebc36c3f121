//! What `figure.html` sees.

use serde::Serialize;

use crate::rendering::view::shared::SiteView;

/// `figure.html`.
#[derive(Debug, Clone, Serialize)]
pub struct FigurePart<'a> {
    /// The site.
    pub site: &'a SiteView,
    /// The figure.
    pub figure: FigureView,
    /// The language of the page.
    pub language: &'a str,
    /// Whether that is another one than English, which the engine speaks.
    pub foreign: bool,
}

/// `alone.html`.
#[derive(Debug, Clone, Serialize)]
pub struct AlonePage {
    /// The site.
    pub site: SiteView,
    /// The figure.
    pub figure: FigureView,
    /// The figure as `figure.html` shows it.
    pub figure_html: String,
    /// Title of the page that it comes from.
    pub title: String,
    /// By which the page's policy knows its own style and scripts.
    pub nonce: String,
    /// The style sheet.
    pub style: String,
    /// The figure shell.
    pub shell: String,
    /// The engine's bindings.
    pub bindings: String,
}

/// One figure in a page.
#[derive(Debug, Clone, Serialize)]
pub struct FigureView {
    /// HTML id, unique in the page.
    pub id: String,
    /// The figure's name in the engine's catalogue.
    pub name: &'static str,
    /// The preset that the author chose, as states name it.
    pub preset: String,
    /// Plain text.
    pub title: &'static str,
    /// What the figure answers.
    pub question: &'static str,
    /// What the author says about it.
    pub caption_html: String,
    /// What the model leaves out.
    pub not_modelled: Vec<&'static str>,
    /// The engine's bindings, an ES module: an address of its own for each of the engine's modules, since one instance of
    /// the bindings holds one module. The part behind `#` is not sent, so all of them are one download.
    pub bindings: String,
    /// The engine's module that the figure is in.
    pub module: String,
    /// The state that it opens with.
    pub start: String,
    /// The picture for wide boxes: SVG.
    pub wide: String,
    /// The picture for narrow boxes: SVG.
    pub narrow: String,
    /// Whether the picture has cells that lead to runs of another figure.
    pub cells: bool,
    /// Steps in the run.
    pub steps: u32,
    /// Runs to choose from.
    pub presets: Vec<PresetView>,
    /// Numbers to change.
    pub knobs: Vec<KnobView>,
    /// What the reader may do.
    pub actions: Vec<ActionView>,
    /// Which of it can be put in order beforehand.
    pub order: Option<OrderView>,
    /// The run as a strip of small pictures: items of a list.
    pub film_html: String,
    /// What happens in the first frame.
    pub say: SayView,
    /// The charts for wide boxes: SVG; empty when nothing is charted.
    pub chart_wide: String,
    /// The charts for narrow boxes.
    pub chart_narrow: String,
    /// What a reader is asked to guess.
    pub guess: Option<GuessView>,
    /// The code behind the figure's steps.
    pub code: Vec<CodeView>,
    /// The run as rows of a table.
    pub rows_html: String,
    /// The first frame as PNG.
    pub png: Option<PngView>,
    /// The first frame as SVG with fixed colours.
    pub svg_href: String,
    /// The whole run as comma-separated values.
    pub csv_href: String,
    /// The figure as a page of its own that needs no other file.
    pub alone_href: String,
    /// The same with host, for pages elsewhere.
    pub alone_url: String,
    /// The page that the figure belongs to, with host; empty in that page itself.
    pub page_url: String,
}

/// A run to choose.
#[derive(Debug, Clone, Serialize)]
pub struct PresetView {
    /// As states name it.
    pub id: &'static str,
    /// Menu text.
    pub name: &'static str,
    /// One sentence.
    pub says: &'static str,
    /// The key that chooses it, `1` to `5`; empty for later ones.
    pub key: String,
    /// Its first state.
    pub state: String,
}

/// A number to change.
#[derive(Debug, Clone, Serialize)]
pub struct KnobView {
    /// Its place in the figure's list.
    pub index: usize,
    /// The name that authors use.
    pub id: &'static str,
    /// Label.
    pub name: &'static str,
    /// May be empty.
    pub unit: &'static str,
    /// The present value.
    pub value: u32,
    /// What it can be; of a number, what has a name.
    pub options: Vec<KnobOptionView>,
    /// What numbers it can be, if it is no menu.
    pub numbers: Option<NumbersView>,
}

/// The numbers that a knob can be.
#[derive(Debug, Clone, Serialize)]
pub struct NumbersView {
    /// The smallest.
    pub least: u32,
    /// The largest.
    pub most: u32,
    /// How far it turns at a time.
    pub stride: u32,
    /// Whether frames are counted, so that an address will do as well.
    pub frames: bool,
}

/// A value of a knob.
#[derive(Debug, Clone, Serialize)]
pub struct KnobOptionView {
    /// The value.
    pub value: u32,
    /// How it is shown.
    pub name: &'static str,
    /// Whether it is the present one.
    pub selected: bool,
}

/// Something that the reader may do.
#[derive(Debug, Clone, Serialize)]
pub struct ActionView {
    /// Its letter in states.
    pub letter: char,
    /// Label.
    pub name: &'static str,
    /// Who does it: `domu`, `dom0`, `xen` or `hw`.
    pub who: &'static str,
    /// What it means.
    pub hint: &'static str,
}

/// What the reader may put in order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderView {
    /// What they are.
    pub title: &'static str,
    /// In the order in which they lie at first.
    pub items: Vec<ItemView>,
}

/// One of several that have an order.
#[derive(Debug, Clone, Serialize)]
pub struct ItemView {
    /// By which the engine knows it: a letter or a number.
    pub key: String,
    /// Label.
    pub name: &'static str,
    /// Whose it is: `domu`, `dom0`, `xen` or `hw`; may be empty.
    pub who: &'static str,
}

/// A question to answer before the run does.
#[derive(Debug, Clone, Serialize)]
pub struct GuessView {
    /// The question.
    pub question: &'static str,
    /// What to choose from; empty when something else is asked for.
    pub choices: Vec<&'static str>,
    /// What to put in order; empty when something else is asked for.
    pub items: Vec<ItemView>,
    /// The largest number.
    pub most: u32,
    /// The number's unit, or nothing.
    pub unit: &'static str,
    /// Whether the question fits the run that the page shows.
    pub asks: bool,
}

/// A function of public source code.
#[derive(Debug, Clone, Serialize)]
pub struct CodeView {
    /// The name that the engine calls it by.
    pub key: String,
    /// With its parentheses.
    pub function: &'static str,
    /// File, and line where it is known.
    pub place: String,
    /// Tree and version.
    pub tree: String,
    /// Where the code can be read.
    pub url: String,
    /// What it does.
    pub does: &'static str,
}

/// What happens in a frame.
#[derive(Debug, Clone, Serialize)]
pub struct SayView {
    /// When.
    pub time: String,
    /// What.
    pub sentence: String,
    /// The function that does it; may be empty.
    pub source: String,
}

/// A PNG of a figure.
#[derive(Debug, Clone, Serialize)]
pub struct PngView {
    /// Where it is.
    pub src: String,
    /// In CSS pixels; the file has twice as many.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
}
