//! What the elements of HTML are like, as far as readers of feeds mind.

/// Elements of HTML, past and present, in order.
const ELEMENTS: [&str; 126] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "applet",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "basefont",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "menu",
    "meta",
    "meter",
    "nav",
    "nobr",
    "noframes",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "param",
    "picture",
    "pre",
    "progress",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "script",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Elements that readers take out, most of them with what is in them, in order.
const REMOVED: [&str; 27] = [
    "applet", "base", "body", "button", "canvas", "dialog", "embed", "fieldset", "form", "frame", "frameset", "head",
    "html", "iframe", "input", "link", "meta", "noscript", "object", "optgroup", "option", "script", "select", "style",
    "template", "textarea", "title",
];

/// Elements without an end, in order.
const VOID: [&str; 16] = [
    "area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// Elements whose end may be left out, in order.
const OPEN_ENDED: [&str; 19] = [
    "body", "caption", "colgroup", "dd", "dt", "head", "html", "li", "optgroup", "option", "p", "rp", "rt", "tbody",
    "td", "tfoot", "th", "thead", "tr",
];

/// Elements whose content is no markup.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// Whether HTML has an element.
pub(super) fn is_element(name: &str) -> bool {
    ELEMENTS.binary_search(&name).is_ok()
}

/// Whether readers take it out.
pub(super) fn is_removed(name: &str) -> bool {
    REMOVED.binary_search(&name).is_ok()
}

/// Whether it has no end.
pub(super) fn is_void(name: &str) -> bool {
    VOID.binary_search(&name).is_ok()
}

/// Whether its end may be left out.
pub(super) fn is_open_ended(name: &str) -> bool {
    OPEN_ENDED.binary_search(&name).is_ok()
}

/// Whether what is in it is no markup.
pub(super) fn is_raw(name: &str) -> bool {
    RAW.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order() {
        assert!([&ELEMENTS[..], &REMOVED, &VOID, &OPEN_ENDED].iter().all(|list| list.is_sorted()));
        assert!(REMOVED.iter().chain(&VOID).chain(&OPEN_ENDED).all(|name| is_element(name)));
    }
}
