//! A page on its way from a view to bytes: [`Draft`].

use pulldown_cmark_escape::escape_html;
use serde::Serialize;

use crate::files::artifact::Make;
use crate::files::composition::{Composition, Part};
use crate::files::output::{Phase, Planned};
use crate::graph::site::{Block, Body, FigureUse};
use crate::rendering::code;
use crate::rendering::diagram::{Diagram, held};
use crate::rendering::figure::{Figure, Standing};
use crate::rendering::hashing::hash_json;
use crate::rendering::listed::Listed;
use crate::rendering::renderer::{FIGURE_TEMPLATE, Renderer, figures, is_foreign};
use crate::rendering::spoken::in_language;
use crate::rendering::view::figure::FigurePart;
use crate::rendering::xml::without_illegal;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// A page before it is rendered: everything that its bytes depend on.
#[derive(Clone)]
pub struct Draft<'a, V> {
    /// Where it lives.
    pub route: Route,
    /// What shows it.
    pub template: &'a str,
    /// The file that it comes from, for messages.
    pub content: &'a str,
    /// What the template sees; where a body goes, the string is empty until the page is rendered.
    pub view: V,
    /// Posts that the template sees besides.
    pub listed: Option<Listed<'a>>,
    /// The language of what it shows, unless that is the site's.
    pub language: Option<&'a str>,
    /// What goes into the view when the page is rendered.
    pub body: Option<Filling<'a, V>>,
}

/// A body, and where its HTML goes in a view.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a, V> {
    /// The body.
    pub body: &'a Body,
    /// What [`hash_body`] says of it.
    pub hash: blake3::Hash,
    /// The place in the view.
    pub place: fn(&mut V) -> &mut String,
}

impl<'a> Renderer<'a> {
    /// Plans a page.
    pub fn page<V>(&'a self, draft: Draft<'a, V>) -> Planned<'a>
    where
        V: Serialize + Clone + Send + Sync + 'a,
    {
        let (route, made_of) = (draft.route.clone(), self.made_of(&draft));
        let make = move || self.render(draft.clone());
        self.planned(route, made_of, Box::new(make))
    }

    /// Plans a page that is drawn up once for its fingerprint and once more when it is made: of these there are thousands, and most are
    /// as they were.
    pub fn page_again<V>(&'a self, draw_up: impl Fn() -> Draft<'a, V> + Send + Sync + 'a) -> Planned<'a>
    where
        V: Serialize + 'a,
    {
        let draft = draw_up();
        let made_of = self.made_of(&draft);
        self.planned(draft.route, made_of, Box::new(move || self.render(draw_up())))
    }

    fn planned(&self, route: Route, made_of: Composition<'a>, make: Box<dyn Make + 'a>) -> Planned<'a> {
        Planned { route, phase: Phase::Page, fingerprint: self.fingerprint(&made_of), made_of, make }
    }

    fn made_of<V: Serialize>(&'a self, draft: &Draft<'a, V>) -> Composition<'a> {
        let site = self.shared_site(&draft.route);
        let mut templates = vec![draft.template];
        let phrases = self.phrases_in(draft.language);
        let mut parts = vec![(Part::Site, site.hash), (Part::View, hash_json(&draft.view))];
        parts.extend([self.phrases_in(None), phrases].map(|phrases| (Part::Site, phrases.hash)));
        let lines = draft.listed.as_ref().map(|listed| self.lines(listed)).unwrap_or_default();
        if let Some(listed) = &draft.listed {
            parts.extend(listed.hashes(&lines).into_iter().map(|hash| (Part::Items, hash)));
        }
        if let Some(filling) = &draft.body {
            parts.push((Part::Text, filling.hash));
            // Their sizes follow from their bytes.
            parts.extend(self.pictures.on(&draft.route).map(|picture| (Part::Pictures, picture.hash())));
            templates.extend(figures(filling.body).next().map(|_| FIGURE_TEMPLATE));
        }
        parts.extend(templates.iter().map(|template| (Part::Templates, self.theme.closure(template))));
        let made_of = Composition { posts: lines.len(), ..Composition::new("page", &parts) };
        let held = draft.body.iter().flat_map(|filling| held(filling.body));
        made_of.from(draft.content).and(held).shown_in(templates)
    }

    /// The bytes of a page.
    fn render<V: Serialize>(&self, mut draft: Draft<'_, V>) -> Result<Vec<u8>, Vec<Diagnostic>> {
        if let Some(filling) = &draft.body {
            let language = draft.language.unwrap_or(&self.site.config.language);
            *(filling.place)(&mut draft.view) = self.body(filling.body, &draft.route, language, draft.content)?;
        }
        let phrases = self.phrases_in(draft.language);
        let mut shared = vec![
            ("site", self.shared_site(&draft.route).value()),
            ("phrases", self.phrases_in(None).value()),
            ("text_phrases", phrases.value()),
        ];
        shared.extend(draft.listed.map(|listed| listed.value(&self.site.posts, &self.lines(&listed), self.phrases())));
        let html = self.theme.render_with(draft.template, &draft.view, shared, draft.content)?;
        // What XML cannot hold is forbidden in HTML too (HTML, section 13.2.3.5).
        Ok(without_illegal(&html).into_bytes())
    }

    /// A body's HTML with its figures, in the page at `route`, which is in this language.
    fn body(&self, body: &Body, route: &Route, language: &str, content: &str) -> Result<String, Vec<Diagnostic>> {
        let phrases = &self.phrases_in(Some(language)).view;
        let foreign = is_foreign(language);
        let site = self.shared_site(route);
        let mut texts = self.texts(route);
        let mut html = String::new();
        for block in &body.blocks {
            match block {
                Block::Html(part) => html.push_str(&in_language(&texts.responsive(part), language, phrases)),
                Block::Code(code) => html.push_str(&code::html(code)),
                Block::Diagram(wanted) => {
                    let diagram = Diagram::new(wanted, route);
                    html.push_str(&diagram.html(&self.href(&diagram.text_route())));
                }
                Block::Figure(wanted) => {
                    html.push_str(&places(wanted));
                    let figure =
                        Figure::new(wanted, route).view(&self.site.config, &self.theme.assets, Standing::InPage);
                    html.push_str(&self.theme.render(
                        FIGURE_TEMPLATE,
                        &FigurePart { site: &site.view, figure, language, foreign },
                        content,
                    )?);
                }
            }
        }
        Ok(html)
    }
}

/// A place for each state of a figure that a link names, so that such a link leads to the figure without scripts too.
fn places(wanted: &FigureUse) -> String {
    let place = |fragment: &String| {
        let mut id = String::new();
        escape_html(&mut id, fragment).expect("a string takes everything");
        format!("<span class=\"sim-place\" id=\"{id}\"></span>\n")
    };
    wanted.places.iter().map(place).collect()
}
