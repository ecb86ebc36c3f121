//! Formulas: TeX becomes MathML, which browsers lay out themselves.
//!
//! `` $`\\sqrt{2}`$ `` in a line and a fence with the word `math` are GitHub's and GitLab's way to write one, and no other text looks like
//! them: a dollar alone is money, or a shell's.

use std::borrow::Cow;
use std::ops::Range;

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};
use pulldown_cmark::{CowStr, Event};
use pulldown_cmark_escape::escape_html;

use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::Span;

/// The first word of a fence that holds a formula.
pub(crate) const FENCE: &str = "math";

/// What a formula becomes, or what is wrong with it and where.
pub(crate) fn html(tex: &str, display: bool) -> Result<String, (Range<usize>, String)> {
    let converter = LatexToMathML::new(MathCoreConfig::default()).expect("there are no macros");
    let form = if display { MathDisplay::Block } else { MathDisplay::Inline };
    let converted = converter.convert_with_local_state(tex.trim_end(), form);
    let converted = converted.map_err(|error| (error.0.clone(), error.error_message()))?;
    let mathml = without_styles(&converted.mathml);
    let mut html = String::with_capacity(mathml.len() + tex.len() + 60);
    // A feed shows the source instead, and so does whoever copies the formula.
    html.push_str("<math alttext=\"");
    escape_html(&mut html, tex.trim()).expect("a string takes everything");
    html.push('"');
    html.push_str(mathml.strip_prefix("<math").unwrap_or(&mathml));
    Ok(if display {
        format!("<div class=\"formula\" tabindex=\"0\" role=\"group\" aria-label=\"Formula\">{html}</div>\n")
    } else {
        html
    })
}

/// The diagnostic of a formula at `span`, whose TeX is `tex`.
pub(crate) fn problem(span: &Span, tex: &str, (range, message): (Range<usize>, String)) -> Diagnostic {
    let at = span.text().find(tex).filter(|_| !tex.is_empty()).map(|start| span.range.start + start);
    let place = match at {
        Some(start) if range.end <= tex.len() && span.source.text.is_char_boundary(start + range.start) => {
            Span::new(&span.source, start + range.start..start + range.end)
        }
        _ => span.first_line(),
    };
    let diagnostic = Diagnostic::error("bad-formula", format!("a formula cannot be read: {message}")).at(place, "");
    diagnostic
        .help("formulas are TeX as LaTeX has it between dollars; there is no `\\newcommand`, and no package is loaded")
}

/// Styles become classes: a page's policy allows no style in an attribute. What has no class in `css/3-prose.css` is left out.
fn without_styles(mathml: &str) -> Cow<'_, str> {
    const STYLE: &str = " style=\"";
    if !mathml.contains(STYLE) && !mathml.contains("scriptlevel") {
        return Cow::Borrowed(mathml);
    }
    let mut out = String::with_capacity(mathml.len());
    let mut rest = mathml;
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>').map_or(rest.len(), |end| start + end);
        out.push_str(&rest[..start]);
        // Checkers know the attribute on fewer elements than MathML Core has it, and on a table it says what is so anyway.
        let tag = &rest[start..end];
        let tag = if tag.starts_with("<mtable") { tag.replace(" scriptlevel=\"0\"", "") } else { tag.to_owned() };
        rest = &rest[end..];
        match tag.split_once(STYLE).and_then(|(before, after)| Some((before, after.split_once('"')?))) {
            Some((before, (style, after))) => {
                let classes: Vec<&str> = style.split(';').filter_map(class).collect();
                out.push_str(before);
                if !classes.is_empty() {
                    out.push_str(&format!(" class=\"{}\"", classes.join(" ")));
                }
                out.push_str(after);
            }
            None => out.push_str(&tag),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn class(declaration: &str) -> Option<&'static str> {
    let (name, value) = declaration.split_once(':')?;
    match (name.trim(), value.trim()) {
        ("text-align", "left") => Some("tex-left"),
        ("text-align", "right") => Some("tex-right"),
        ("border-top", _) => Some("tex-above"),
        ("border-bottom", _) => Some("tex-below"),
        ("border-left", _) => Some("tex-before"),
        ("border-right", _) => Some("tex-behind"),
        ("width", "100%") => Some("tex-all"),
        ("width", "50%") => Some("tex-half"),
        _ => None,
    }
}

/// Formulas within lines: code with a dollar before and behind it is one.
pub(crate) fn in_lines<'a>(events: Vec<(Event<'a>, Range<usize>)>) -> Vec<(Event<'a>, Range<usize>)> {
    let is_formula = |at: usize| {
        let text = |at: usize| match events.get(at) {
            Some((Event::Text(text), _)) => Some(text),
            _ => None,
        };
        let code = matches!(events[at].0, Event::Code(_));
        code && at > 0
            && text(at - 1).is_some_and(|text| text.ends_with('$'))
            && text(at + 1).is_some_and(|text| text.starts_with('$'))
    };
    let formulas: Vec<usize> = (0..events.len()).filter(|&at| is_formula(at)).collect();
    if formulas.is_empty() {
        return events;
    }
    let mut events = events;
    let mut taken = None;
    for at in formulas {
        // A dollar that ends one formula begins no other.
        if taken == Some(at - 1) && matches!(&events[at - 1].0, Event::Text(text) if text.is_empty()) {
            continue;
        }
        let Event::Code(tex) = std::mem::replace(&mut events[at].0, Event::Rule) else { continue };
        events[at].0 = Event::InlineMath(tex);
        cut(&mut events[at - 1].0, |text| &text[..text.len() - 1]);
        cut(&mut events[at + 1].0, |text| &text[1..]);
        taken = Some(at + 1);
    }
    events
}

fn cut(event: &mut Event<'_>, part: impl Fn(&str) -> &str) {
    if let Event::Text(text) = event {
        *text = CowStr::from(part(text).to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_mathml_and_bring_no_style() {
        let shown = html(r"\frac{a}{b} < \sqrt{2}", false).expect("a formula");
        assert!(shown.starts_with("<math alttext=\"\\frac{a}{b} &lt; \\sqrt{2}\">"), "{shown}");
        assert!(shown.contains("<mfrac>") && shown.contains("<msqrt>") && shown.contains("<mo>&lt;</mo>"), "{shown}");
        let shown =
            html(r#"\begin{array}{l|r} a & b \\ \hline c & d \end{array} \hspace{3em} \text{x style="y"}"#, true)
                .expect("a formula");
        assert!(shown.contains("tex-left") && shown.contains("tex-right"), "{shown}");
        assert!(!shown.contains(" style=\"text") && shown.contains("display=\"block\""), "{shown}");
        // Nothing gets out of a formula.
        let shown = html(r"\text{</math><script>alert(1)</script>}", false).expect("a formula");
        assert!(!shown.contains("<script"), "{shown}");
    }

    #[test]
    fn what_is_no_formula_is_told_at_its_place() {
        let (range, message) = html(r"a + \nosuch b", false).expect_err("an error");
        assert_eq!((range, message.contains("nosuch")), (4..11, true), "{message}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(tex in "(\\\\[a-z]{1,8}|\\{|\\}|\\^|_|&|\\$|x|1|\\\\begin\\{array\\}|\\\\end\\{array\\}|\\\\left|\\\\right|\\(|\\PC)*") {
            let _ = html(&tex, true);
        }
    }
}
