use super::*;

/// A document as Graphviz writes it, around `inside`.
fn svg(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n<!-- Generated -->\n<svg width=\"40pt\" height=\"30.5pt\" viewBox=\"0 0 40 30.5\" \
         xmlns=\"http://www.w3.org/2000/svg\">\n<g id=\"graph0\" class=\"graph\" transform=\"translate(4 4)\">\n<title>G</title>\n\
         <polygon fill=\"white\" stroke=\"transparent\" points=\"0,0 1,1\"/>\n{inside}</g>\n</svg>\n"
    )
}

fn shown(inside: &str) -> String {
    let drawing = Drawing::read(&svg(inside)).expect("a drawing");
    let links = BTreeMap::from([("/a".to_owned(), "/blog/a".to_owned())]);
    let links = if drawing.addresses().is_empty() { BTreeMap::new() } else { links };
    let element = drawing.element(Shown { id: "x", alt: "A & b", links: &links });
    let (_, inside) = element.split_once("<g transform=\"translate(4 4)\">").expect("the graph");
    inside.strip_suffix("</g></svg>").expect("its end").to_owned()
}

#[test]
fn what_draws_is_left_and_nothing_else() {
    for (inside, expected) in [
        (
            "<g class=\"node\" id=\"node1\"><title>a</title><ellipse fill=\"none\" stroke=\"black\" cx=\"1\"/></g>",
            "<g><ellipse fill=\"none\" stroke=\"currentColor\" cx=\"1\"/></g>",
        ),
        ("<script>alert(1)</script><style>a{}</style><foreignObject><text>x</text></foreignObject>", ""),
        ("<use href=\"#a\"/>", ""),
        (
            "<path fill=\"URL(http://x)\" stroke=\"u\\72l(http://x)\" d=\"M0 0\" stroke-width=\"url(#a) url(http://x)\"/>",
            "<path d=\"M0 0\"/>",
        ),
        (
            "<path stroke=\"rgb(1,2,3)\" transform=\"rotate(9 1 1)\"/>",
            "<path stroke=\"rgb(1,2,3)\" transform=\"rotate(9 1 1)\"/>",
        ),
        (
            "<path d=\"M0 0\" onclick=\"x()\" style=\"fill:url(http://x)\" fill=\"url(http://x)\" class=\"node evil\"/>",
            "<path d=\"M0 0\"/>",
        ),
        ("<text x=\"1\">a&lt;b&#38;<tspan>c</tspan></text>", "<text x=\"1\" fill=\"currentColor\">a&lt;b&amp;</text>"),
        ("<a xlink:href=\"javascript:x\"><text>a</text></a>", "<g><text fill=\"currentColor\">a</text></g>"),
        (
            "<a xlink:href=\"/a\" onmouseover=\"x\" target=\"_top\"><text>a</text></a>",
            "<a href=\"/blog/a\"><text fill=\"currentColor\">a</text></a>",
        ),
    ] {
        assert_eq!(shown(inside), expected, "{inside}");
    }
}

#[test]
fn the_part_that_is_shown_is_four_numbers() {
    for view in
        ["0 0 40 30 &quot; onload=&quot;x()", "0 0 40", "0 0 40 nan", "0 0 40 30 1", "0  40 30", "0 0 40 30&quot;>"]
    {
        let drawing = svg("").replace("0 0 40 30.5", view);
        let drawing = Drawing::read(&drawing).expect("a drawing");
        assert_eq!(drawing.view, "0 0 40 31", "{view}");
    }
    assert_eq!(Drawing::read(&svg("")).expect("a drawing").view, "0 0 40 30.5");
}

#[test]
fn a_drawing_that_shows_a_file_is_none() {
    for inside in ["<image xlink:href=\"/etc/passwd\"/>", "<image href=\"a.png\"></image>", "<svg:image/>"] {
        assert!(Drawing::read(&svg(inside)).is_err(), "{inside}");
    }
}

#[test]
fn colours_are_the_pages_unless_areas_are_filled() {
    let node = |fill: &str| format!("<g class=\"node\"><ellipse fill=\"{fill}\" stroke=\"black\"/><text>a</text></g>");
    let paper = |inside: &str| Drawing::read(&svg(inside)).expect("a drawing").paper;
    assert_eq!(
        shown(&node("lightblue")),
        "<g><ellipse fill=\"lightblue\" stroke=\"currentColor\"/><text fill=\"black\">a</text></g>"
    );
    assert_eq!(
        shown(&node("lightgrey")),
        "<g><ellipse class=\"shade\" fill=\"lightgrey\" stroke=\"currentColor\"/><text fill=\"currentColor\">a</text></g>"
    );
    assert!(shown(&node("black")).contains("fill=\"black\""), "white letters on black stay so");
    let point = "<g class=\"node\"><ellipse fill=\"black\" stroke=\"black\"/></g>";
    assert!(shown(point).contains("fill=\"currentColor\""), "a point is a line's end");
    assert_eq!(paper(&node("red")), Paper::Page);
    let cluster = "<g class=\"cluster\"><polygon fill=\"yellow\" points=\"0,0\"/></g>";
    assert_eq!(paper(cluster), Paper::Own);
    assert!(shown(cluster).contains("fill=\"white\""), "the paper stays");
    let cell = "<g class=\"node\"><polygon fill=\"none\"/><polygon fill=\"yellow\"/><text>a</text></g>";
    assert_eq!(paper(cell), Paper::Own);
}

#[test]
fn names_of_gradients_are_the_drawings_own() {
    let gradient = "<g class=\"node\"><defs><linearGradient id=\"l_0\"><stop offset=\"0\" style=\"stop-color:white;stop-opacity:1.;\"/>\
                    </linearGradient></defs><ellipse fill=\"url(#l_0)\"/><text>a</text></g>";
    let expected = "<g><defs><linearGradient id=\"x-l_0\"><stop offset=\"0\" stop-color=\"white\" stop-opacity=\"1\"/></linearGradient>\
                    </defs><ellipse fill=\"url(#x-l_0)\"/><text fill=\"black\">a</text></g>";
    assert_eq!(shown(gradient), expected);
}

#[test]
fn what_is_no_single_drawing_is_told() {
    let two = format!("{}{}", svg(""), svg(""));
    for text in ["", "no graph", "<svg", "<svg width=\"9\"/>", "<html/>", &two, "<svg width=\"1e9\" height=\"1\"/>"] {
        assert!(Drawing::read(text).is_err(), "{text}");
    }
    let deep = format!("{}{}", "<g>".repeat(10_000), "</g>".repeat(10_000));
    assert!(Drawing::read(&svg(&deep)).is_ok());
    assert_eq!(Drawing::read(&svg("")).expect("a drawing").size(), (40, 31));
}
