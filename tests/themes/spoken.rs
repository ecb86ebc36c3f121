//! What pages say in other languages than English.

use std::collections::BTreeMap;

use genblog::graph::site::Site;
use genblog::rendering::theme::Theme;
use genblog::words::phrases::{Phrase, Phrases, all, languages};

use crate::common::{Picture, outputs_in, site, text};
use crate::{config, sound};

/// A site in a language, with a page of every kind.
fn spoken(language: &str, picture: &Picture) -> Site {
    let mut site = site("https://example.org/", &picture.0);
    site.config.language = language.to_owned();
    site.posts.iter_mut().for_each(|post| post.language = language.to_owned());
    site.pages.iter_mut().for_each(|page| page.language = language.to_owned());
    site.config.search = true;
    site.config.page_size = 1;
    // It is in English.
    site.config.navigation.clear();
    site
}

fn pages(outputs: &BTreeMap<String, Vec<u8>>) -> impl Iterator<Item = (&String, &str)> {
    outputs.iter().filter(|(file, _)| file.ends_with(".html")).map(|(file, _)| (file, text(outputs, file)))
}

/// A page without its figures, which speak English, and without what its author wrote.
fn without_figures(page: &str) -> String {
    let mut parts = page.split("<sim-figure");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| page + part.split_once("</sim-figure>").expect("it ends").1)
}

#[test]
fn no_page_says_in_english_what_it_can_say_in_its_language() {
    let picture = Picture::new("themes-spoken");
    for language in languages().filter(|language| *language != "en") {
        let theme = sound("theme = \"weblog\"\n[themes]\noffer = [\"weblog\", \"book\"]", &[], &[]);
        let (outputs, problems) = outputs_in(&spoken(language, &picture), &theme);
        assert_eq!(problems, []);
        let phrases = Phrases::new(language, &BTreeMap::new());
        let mut met = 0;
        for (file, page) in pages(&outputs).filter(|(file, _)| !file.contains("figure-")) {
            let page = without_figures(page);
            for (key, phrase) in all() {
                let Phrase::Text(english) = phrase else { continue };
                // A word may be the same in both, and a page of the site is called `About`.
                if english.contains('{') || english == phrases.text(key) || key == "about" {
                    continue;
                }
                let places = [
                    ">{}<",
                    "aria-label=\"{}\"",
                    "content=\"{}\"",
                    "&#10;{}&#10;",
                    "data-say=\"{}&#10;",
                    "&quot;{}&quot;",
                ];
                let says = |phrase: &str| places.iter().any(|place| page.contains(&place.replace("{}", phrase)));
                assert!(!says(english), "{file} says `{english}` in {language}");
                met += usize::from(says(phrases.text(key)));
            }
            assert!(!page.contains("December"), "{file} in {language}");
        }
        assert!(met > 100, "{met} phrases of {language} were met");
    }
}

#[test]
fn a_post_in_another_language_is_shown_in_its_own() {
    let picture = Picture::new("themes-post-spoken");
    let mut site = site("https://example.org/", &picture.0);
    site.posts[0].language = "de".to_owned();
    site.pages[0].language = "de-CH".to_owned();
    let own = [("updated", "changed"), ("updated_page", "Changed"), ("skip", "Over to the text")];
    site.config.phrases = own.map(|(key, phrase)| (key.to_owned(), Phrase::Text(phrase.to_owned()))).into();
    let (outputs, _) = outputs_in(&site, &Theme::new(&[]).expect("sound"));
    let file = outputs.keys().find(|file| file.starts_with("posts/new/index")).expect("the post");
    let page = text(&outputs, file);
    assert!(page.contains("12. Dezember 2008") && page.contains("2 Minuten") && !page.contains("changed"), "{page}");
    // What stands around it is the site's, and an author's phrases are in the language of the site.
    for page in [page, text(&outputs, "about/index.html")] {
        assert!(page.contains("Over to the text") && !page.contains("Zum Text springen"), "{page}");
    }
    let about = text(&outputs, "about/index.html");
    assert!(about.contains("lang=\"de-CH\"") && !about.contains("Changed"), "{about}");
    assert!(page.contains("<sim-figure id=\"ring\" class=\"figure\" lang=\"en\""), "a figure is English");
    // Lists are the site's, and say which title is not.
    assert!(text(&outputs, "index.html").contains("<h2 class=\"p-name\" lang=\"de\">"));
    assert!(text(&outputs, "archives/index.html").contains("<a href=\"/posts/new/\" lang=\"de\">"));
    assert!(text(&outputs, "index.html").contains("12 December 2008"));
}

/// The rules of CLDR choose among an author's forms.
#[test]
fn an_authors_phrases_are_said_in_the_forms_of_their_language() {
    let picture = Picture::new("themes-forms");
    let mut site = site("https://example.org/", &picture.0);
    let own = "language = \"pl\"\n[phrases]\nsearch = \"Szukaj\"\n\
               tag_posts = { one = \"{n} wpis\", few = \"{n} wpisy\", many = \"{n} wpisów\", other = \"{n} wpisu\" }\n\
               length = \"{n} min <&>\"";
    site.config.phrases = config(own).phrases;
    site.config.language = "pl".to_owned();
    site.config.search = true;
    let (outputs, _) = outputs_in(&site, &Theme::new(&[]).expect("sound"));
    let tags = outputs.keys().filter(|file| file.starts_with("tags/") && file.matches('/').count() == 2);
    let said: Vec<&str> = tags.map(|file| text(&outputs, file)).collect();
    assert!(said.iter().any(|page| page.contains("<p class=\"ui\">2 wpisy</p>")), "{said:?}");
    let home = text(&outputs, "index.html");
    assert!(home.contains("Szukaj</a>") && home.contains("min &lt;&amp;&gt;") && home.contains("Read on"), "{home}");
}
