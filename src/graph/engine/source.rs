//! `` [`netif_page_release()`](src:classic/netif_page_release) ``: a name of public source code, with the line where it is
//! defined and what it does. With nothing in the brackets it is the name itself.

use sim::telling::source::Tree;
use sim::telling::source::index::{self, Entry, Kind, Place, Unresolved};

use crate::graph::engine::{Element, Written, open};
use crate::parsing::engine_link::Word;
use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;

/// The reference, or why it leads nowhere.
pub(super) fn element(written: Written<'_>, name: Word<'_>) -> Result<Element, Diagnostic> {
    let entry = index::search(name.text).map_err(|unresolved| unknown(written, name, &unresolved))?;
    let title = if written.title.is_empty() { title(&entry) } else { written.title.to_owned() };
    let mut open = link(&entry, &title);
    if written.text.is_empty() {
        open.push_str(&format!("<code>{}{}</code>", entry.name, if entry.kind == Kind::Function { "()" } else { "" }));
    }
    Ok(Element { open, close: "</a>", frame: None, is_claim: false })
}

/// The tag that opens a link to where a name is defined.
#[must_use]
pub fn source_link(entry: &Entry) -> String {
    link(entry, &title(entry))
}

fn link(entry: &Entry, title: &str) -> String {
    let (url, key) = (entry.url(), entry.key());
    open("a", &[("class", "src"), ("href", &*url), ("title", title), ("data-src", &*key)])
}

/// `netback.c:1424, classic 2.6.18.8-xen: what it does`.
fn title(entry: &Entry) -> String {
    let line = match entry.place {
        Place::Line(line) => format!(":{line}"),
        Place::File => String::new(),
    };
    format!("{}{line}, {} {}: {}", entry.file, entry.tree.name(), entry.version(), entry.does)
}

fn unknown(written: Written<'_>, name: Word<'_>, unresolved: &Unresolved) -> Diagnostic {
    let bare = name.text.trim_end_matches("()").rsplit('/').next().unwrap_or(name.text);
    let with = |tree: &Tree| format!("`{}/{bare}`", tree.key());
    let list = |trees: &[Tree]| trees.iter().map(with).collect::<Vec<_>>().join(", ");
    let message = match unresolved {
        Unresolved::UnknownName => format!("the index of sources has no `{}`", name.text),
        Unresolved::UnknownTree => format!("there is no source tree of the name that `{}` begins with", name.text),
        Unresolved::Ambiguous(_) => format!("several source trees have `{bare}`"),
        Unresolved::Elsewhere(_) => format!("this source tree has no `{bare}`"),
    };
    let span = written.place(name);
    let diagnostic = Diagnostic::error("unknown-source", message).at(span.clone(), "");
    match unresolved {
        Unresolved::Ambiguous(trees) => diagnostic.help(format!("name one of them: {}", list(trees))),
        Unresolved::Elsewhere(trees) => diagnostic.help(format!("it is {}", list(trees))),
        Unresolved::UnknownTree => {
            let keys: Vec<String> = Tree::ALL.iter().map(|tree| format!("`{}`", tree.key())).collect();
            diagnostic.help(format!("the trees are {}", keys.join(", ")))
        }
        Unresolved::UnknownName => {
            let names = index::names();
            match nearest(name.text.trim_end_matches("()"), names.iter().map(String::as_str)) {
                Some(near) => {
                    let diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                    if span.text() == name.text { diagnostic.suggest(span, near) } else { diagnostic }
                }
                None => diagnostic
                    .help("the index names what figures and articles need: `sim-wasm/src/telling/source/index/`"),
            }
        }
    }
}
