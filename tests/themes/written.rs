//! `docs/themes.md` lists the files of a theme, its custom properties and what templates see. The lists are made here, of the program
//! itself. With `UPDATE_GOLDEN=1` they are written anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;

use genblog::files::source::SourceFile;
use genblog::graph::site::Site;
use genblog::rendering::built_in::{file_names, names};
use serde_json::{Map, Number, Value};

use crate::common::{Picture, outputs_in, site, template};
use crate::{sheet, sound};

/// Characters of an example at most.
const SHOWN: usize = 64;

/// What stands in place of each template, to tell all that it is given.
const TELL: &str = "{{ __tera_context | safe }}";

/// Templates with an output that each of them makes; what they share is told once.
const PAGES: [(&str, &str); 15] = [
    ("home.html", "index.html"),
    ("post.html", "posts/new/index.html"),
    ("page.html", "about/index.html"),
    ("archives.html", "archives/index.html"),
    ("tags.html", "tags/index.html"),
    ("tag.html", "tags/xen/index.html"),
    ("feed.html", "feed/index.html"),
    ("search.html", "search/index.html"),
    ("gallery.html", "gallery/index.html"),
    ("album.html", "gallery/walk/index.html"),
    ("photo.html", "gallery/walk/stone/index.html"),
    ("404.html", "404.html"),
    ("redirect.html", "2008/new.html"),
    ("figure.html", "posts/new/index.html"),
    ("alone.html", "posts/new/figure-ring.html"),
];

#[test]
fn the_lists_in_the_documentation_are_those_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/themes.md");
    let text = std::fs::read_to_string(&path).expect("the documentation is there");
    let mut expected = text.clone();
    for (mark, list) in
        [("files", files()), ("components", components()), ("properties", properties()), ("fields", fields())]
    {
        let (start, end) = (format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->"));
        let (before, rest) = expected.split_once(&start).unwrap_or_else(|| panic!("no {start}"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
        expected = format!("{before}{start}\n{list}\n{end}{after}");
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, expected).expect("writable");
    } else {
        assert!(
            text == expected,
            "docs/themes.md is not what the program says: write its lists anew with UPDATE_GOLDEN=1"
        );
    }
}

/// All files of the usual theme, by their folders.
fn files() -> String {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in file_names() {
        folders.entry(name.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default().push(name);
    }
    let line = |names: &Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    folders.values().map(|names| format!("- {}\n", line(names))).collect()
}

/// What `components.html` has, with what its comments say of each.
fn components() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/components.html");
    let text = std::fs::read_to_string(path).expect("a template of the usual theme");
    let mut table = "| component | what it is |\n|---|---|\n".to_owned();
    for part in text.split("{%- component ").skip(1) {
        let (call, _) = part.split_once(") -%}").expect("a component has a head");
        let (name, takes) = call.split_once('(').expect("a component takes something, or nothing");
        let takes: String =
            takes.split(", ").filter(|one| !one.is_empty()).map(|one| format!(" {}", taken(one))).collect();
        let (_, said) = text[..text.find(&format!("component {name}(")).expect("it is there")]
            .rsplit_once("{#-")
            .expect("a comment");
        let (said, between) = said.split_once("-#}").expect("a comment ends");
        assert_eq!(between.trim(), "{%-", "{name} has no comment of its own");
        writeln!(table, "| `<{name}{takes} />` | {} |", said.trim()).expect("text grows");
    }
    table
}

/// What a component takes, as a call gives it.
fn taken(one: &str) -> String {
    let (name, value) = one.split_once(" = ").map_or((one, None), |(name, value)| (name, Some(value)));
    let (name, kind) = name.split_once(": ").map_or((name, "object"), |(name, kind)| (name, kind));
    match value {
        None if kind == "string" => format!("{name}=\"…\""),
        None => format!("{name}={{{kind}}}"),
        Some(value) if kind == "string" => format!("{name}={value}"),
        Some(value) => format!("{name}={{{value}}}"),
    }
}

/// The custom properties of the usual theme, with what the others make of them.
fn properties() -> String {
    let of = |name: &str| tokens(&sheet(&sound(&format!("theme = \"{name}\""), &[], &[])));
    let usual = of("default");
    let others: Vec<_> = names().skip(1).map(|name| (name, of(name))).collect();
    let mut table = "| | `default` |".to_owned();
    others.iter().for_each(|(name, _)| write!(table, " `{name}` |").expect("text grows"));
    table.push_str("\n|---|---|---|---|---|\n");
    for (name, value) in &usual {
        write!(table, "| `--{name}` | {} |", colours(value)).expect("text grows");
        for (_, other) in &others {
            let other = other.get(name).filter(|other| *other != value);
            write!(table, " {} |", other.map_or_else(String::new, |value| colours(value))).expect("text grows");
        }
        table.push('\n');
    }
    table
}

/// A colour by day and by night, or what a property says otherwise.
fn colours(value: &str) -> String {
    let pair = value.strip_prefix("light-dark(").and_then(|rest| rest.strip_suffix(')'));
    format!("`{}`", pair.map_or_else(|| value.to_owned(), |pair| pair.replace(", ", " ")))
}

/// The tokens that a sheet's roots say last, for the screen.
fn tokens(sheet: &str) -> BTreeMap<String, String> {
    let mut tokens = BTreeMap::new();
    // What is said of paper is no theme's affair.
    let (mut root, mut print) = (false, false);
    for line in sheet.lines() {
        match line {
            "@media print {" => print = true,
            ":root {" => (root, print) = (!print, false),
            "}" => root = false,
            _ => {}
        }
        let told = line.strip_prefix("--").filter(|_| root).and_then(|line| line.split_once(": "));
        if let Some((name, value)) = told.and_then(|(name, value)| Some((name, value.split_once(';')?.0))) {
            tokens.insert(name.to_owned(), value.to_owned());
        }
    }
    tokens
}

/// What each template sees, with an example of each value.
fn fields() -> String {
    let picture = Picture::new("themes-fields");
    let mut site = site("https://example.org/blog/", &picture.0);
    site.config.search = true;
    let mut told = String::new();
    for (name, output) in PAGES {
        let fields = seen(&site, name, output);
        if told.is_empty() {
            told.push_str("### Every template\n\n");
            told.push_str(&table(&fields, |field| field.starts_with("site.")));
            let of_post = seen(&site, "post.html", "posts/new/index.html");
            told.push_str("\n### Every page\n\n");
            told.push_str(&table(&of_post, |field| field.starts_with("head.")));
            told.push_str("\n### The phrases of every page\n\n");
            told.push_str(&table(&of_post, |field| field.starts_with("phrases.")));
        }
        let own =
            |field: &str| !["site.", "head.", "phrases.", "text_phrases."].iter().any(|start| field.starts_with(start));
        if fields.iter().any(|(field, _)| own(field)) {
            write!(told, "\n### `{name}`\n\n{}", table(&fields, own)).expect("text grows");
        } else {
            write!(told, "\n### `{name}`\n\nNothing more.\n").expect("text grows");
        }
    }
    told
}

/// All fields that a template is given for an output, in the order of their names.
fn seen(site: &Site, name: &str, output: &str) -> Vec<(String, String)> {
    let tells: Vec<SourceFile> = if name == "figure.html" {
        vec![template(name, TELL), template("post.html", "{{ post.html | safe }}")]
    } else {
        vec![template(name, TELL), template("aside.html", "{{ site.aside.years | length }}")]
    };
    let more = "[themes]\noffer = [\"book\"]";
    let (made, problems) = outputs_in(site, &sound(more, &[], &tells));
    assert_eq!(problems, [], "{name}");
    let text = std::str::from_utf8(&made[output]).expect("text");
    // What stands before a figure is the text around it.
    let start = text.find("{\"").unwrap_or_else(|| panic!("{name}: {text}"));
    let Value::Object(seen) = value(&mut text[start..].chars().peekable()) else { panic!("{name}: {text}") };
    let mut fields = Vec::new();
    // The engine knows no order of these; within them fields stand as they are declared.
    for (name, value) in seen.into_iter().collect::<BTreeMap<_, _>>() {
        flatten(&name, &value, &mut fields);
    }
    fields
}

/// One line for each value; of a list the first.
fn flatten(path: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                flatten(&format!("{path}.{name}"), value, fields);
            }
        }
        Value::Array(list) if !list.is_empty() => flatten(&format!("{path}[0]"), &list[0], fields),
        Value::String(text) => fields.push((path.to_owned(), example(text))),
        other => fields.push((path.to_owned(), other.to_string())),
    }
}

/// The start of a text, without what another build would call otherwise.
fn example(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    for start in ["assets/", "data:"] {
        if let Some(at) = short.find(start) {
            let name = &short[at + start.len()..];
            let stem = name.split(['.', ',']).next().unwrap_or(name);
            let ending = text.rsplit('.').next().filter(|ending| ending.len() < 5).unwrap_or_default();
            let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
            short = format!("{}{start}{stem}.…{ending}", &short[..at]);
            return short;
        }
    }
    let is_hash = text.len() >= 32 && text.chars().all(|c| c.is_ascii_hexdigit());
    match (is_hash, text.chars().count() > SHOWN) {
        (true, _) => "0123…".to_owned(),
        (false, true) => format!("{short}…"),
        (false, false) => short,
    }
}

fn table(fields: &[(String, String)], takes: impl Fn(&str) -> bool) -> String {
    let mut table = "| field | for example |\n|---|---|\n".to_owned();
    for (field, example) in fields.iter().filter(|(field, _)| takes(field)) {
        let example = example.replace('|', "\\|").replace('\n', " ").replace('`', "'");
        let example = if example.is_empty() { String::new() } else { format!("`{example}`") };
        writeln!(table, "| `{field}` | {example} |").expect("text grows");
    }
    table
}

/// Reads what the template engine tells of values: like JSON, but for what is null, of which nothing is told.
fn value(text: &mut Peekable<Chars<'_>>) -> Value {
    match text.peek() {
        Some('{') => {
            let mut map = Map::new();
            text.next();
            while let Some(next) = text.peek() {
                match next {
                    '}' => break,
                    '"' => {
                        let name = string(text);
                        assert_eq!((text.next(), text.next()), (Some(':'), Some(' ')), "after {name}");
                        map.insert(name, value(text));
                    }
                    _ => drop(text.next()),
                }
            }
            text.next();
            Value::Object(map)
        }
        Some('[') => {
            let mut list = Vec::new();
            text.next();
            while let Some(next) = text.peek() {
                match next {
                    ']' => break,
                    ',' | ' ' => drop(text.next()),
                    _ => list.push(value(text)),
                }
            }
            text.next();
            Value::Array(list)
        }
        Some('"') => Value::String(string(text)),
        _ => {
            let mut word = String::new();
            while let Some(c) = text.next_if(|c| !",]}".contains(*c)) {
                word.push(c);
            }
            let number = word.parse::<u64>().map(Number::from).map(Value::Number);
            match &*word {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => number.unwrap_or(Value::Null),
            }
        }
    }
}

fn string(text: &mut Peekable<Chars<'_>>) -> String {
    let mut string = String::new();
    text.next();
    while let Some(c) = text.next() {
        match c {
            '"' => break,
            '\\' => match text.next() {
                Some('n') => string.push('\n'),
                Some('t') => string.push('\t'),
                Some('u') => {
                    let code: String = text.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    string.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                }
                other => string.extend(other),
            },
            c => string.push(c),
        }
    }
    string
}
