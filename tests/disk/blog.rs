//! Random edits of a blog, after each of which the build that goes on from the last one and a clean build agree byte for byte, or
//! both refuse the site.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chrono::{DateTime, Utc};
use genblog::files::config::Overrides;
use genblog::files::kept::{Access, Kept};
use genblog::files::output::render;
use genblog::graph::Choice;
use genblog::rendering::plan::plan;
use genblog::running::build::{Build, build};
use genblog::running::pipeline::{Inputs, prepare};
use genblog::running::report::{Form, Outcome};
use genblog::running::timings::Timings;
use genblog::words::diagnostic::has_error;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

use crate::site::{Files, Site, assert_same};

/// Posts that there may be; there are few, so that they meet again.
const POSTS: u8 = 6;

/// What is asked of a build.
#[derive(Debug, Clone, Copy)]
struct Asked {
    /// Hours since the start of December 2026.
    hour: u8,
    drafts: bool,
    future: bool,
}

/// What an author, a clock, or anybody else does to a site.
#[derive(Debug, Clone)]
enum Edit {
    Post {
        number: u8,
        title: u8,
        day: u8,
        tags: u8,
        /// Another post that it leads to, by its file; there may be none.
        link: Option<u8>,
        text: u8,
        key: &'static str,
    },
    /// A letter of a post's text.
    Typo {
        number: u8,
        letter: u8,
    },
    Rename(u8, u8),
    Remove(u8),
    Page(u8),
    Static(u8, u8),
    RemoveStatic(u8),
    Template(&'static str, u8),
    RemoveTemplate(&'static str),
    Config {
        title: u8,
        page_size: u8,
        navigation: bool,
        formats: &'static str,
    },
    Ask(Asked),
    /// Somebody writes into what is published, or takes it away.
    ChangeOutput(Index),
    RemoveOutput(Index),
    /// A byte of what genblog remembers.
    Damage {
        which: Index,
        at: Index,
    },
    Forget,
    /// Time passes, so that what was too new to be remembered is old enough.
    Wait,
}

const TEMPLATES: [&str; 4] = ["post.html", "tag.html", "home.html", "css/4-lists.css"];

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<Index>;
    let template = || prop_oneof![Just(TEMPLATES[0]), Just(TEMPLATES[1]), Just(TEMPLATES[2]), Just(TEMPLATES[3])];
    let key = prop_oneof![
        14 => Just(""),
        1 => Just("draft = true\n"),
        1 => Just("aliases = [\"/old/\"]\n"),
        1 => Just("expires = 2026-12-02T12:00:00\n"),
        1 => Just("summary = \"In short.\"\n"),
        1 => Just("slug = \"same\"\n"),
    ];
    let formats = prop_oneof![Just("\"rss\""), Just("\"rss\", \"atom\", \"json\""), Just("\"json\"")];
    prop_oneof![
        8 => (0..POSTS, 0..3_u8, 1..5_u8, 0..8_u8, proptest::option::weighted(0.1, 0..POSTS), any::<u8>(), key)
            .prop_map(|(number, title, day, tags, link, text, key)| Edit::Post { number, title, day, tags, link, text, key }),
        6 => (0..POSTS, any::<u8>()).prop_map(|(number, letter)| Edit::Typo { number, letter }),
        2 => (0..POSTS, 0..POSTS).prop_map(|(from, to)| Edit::Rename(from, to)),
        2 => (0..POSTS).prop_map(Edit::Remove),
        1 => any::<u8>().prop_map(Edit::Page),
        1 => (0..2_u8, any::<u8>()).prop_map(|(name, with)| Edit::Static(name, with)),
        1 => (0..2_u8).prop_map(Edit::RemoveStatic),
        2 => (template(), 0..6_u8).prop_map(|(name, with)| Edit::Template(name, with)),
        1 => template().prop_map(Edit::RemoveTemplate),
        2 => (0..2_u8, 1..4_u8, any::<bool>(), formats).prop_map(|(title, page_size, navigation, formats)| {
            Edit::Config { title, page_size, navigation, formats }
        }),
        3 => (0..120_u8, any::<bool>(), any::<bool>())
            .prop_map(|(hour, drafts, future)| Edit::Ask(Asked { hour, drafts, future })),
        1 => index().prop_map(Edit::ChangeOutput),
        1 => index().prop_map(Edit::RemoveOutput),
        2 => (index(), index()).prop_map(|(which, at)| Edit::Damage { which, at }),
        1 => Just(Edit::Forget),
        1 => Just(Edit::Wait),
    ]
}

fn post(number: u8) -> String {
    format!("content/posts/p{number}.md")
}

impl Edit {
    fn apply(&self, site: &Site, asked: &mut Asked) {
        let below = |folder: &str| -> Vec<String> {
            site.times(folder).into_keys().map(|path| format!("{folder}/{path}")).collect()
        };
        match self {
            Self::Post { number, title, day, tags, link, text, key } => {
                let tags: Vec<String> =
                    (0..3).filter(|bit| tags >> bit & 1 == 1).map(|bit| format!("\"tag{bit}\"")).collect();
                let link = link.map_or_else(String::new, |link| format!(" See [there](@/posts/p{link}.md)."));
                let text = format!(
                    "+++\ntitle = \"Title {title}\"\ndate = 2026-12-0{day}T0{number}:00:00\ntags = [{}]\n{key}+++\n\n\
                     First {}.{link}\n\n## Part\n\n{}The end of it: x\n",
                    tags.join(", "),
                    text % 3,
                    // Words that are in no summary.
                    "More words than a summary has. ".repeat(20)
                );
                site.put(&post(*number), text);
            }
            Self::Typo { number, letter } => {
                let Ok(mut bytes) = fs::read(site.path(&post(*number))) else { return };
                let last = bytes.len() - 2;
                bytes[last] = b'a' + letter % 26;
                site.put(&post(*number), bytes);
            }
            Self::Rename(from, to) => {
                let _ = fs::rename(site.path(&post(*from)), site.path(&post(*to)));
            }
            Self::Remove(number) => drop(fs::remove_file(site.path(&post(*number)))),
            Self::Page(with) => {
                site.put("content/pages/about.md", format!("+++\ntitle = \"About\"\n+++\n\nText {with}.\n"));
            }
            Self::Static(name, with) => site.put(&format!("static/{name}.bin"), vec![*with; 9]),
            Self::RemoveStatic(name) => drop(fs::remove_file(site.path(&format!("static/{name}.bin")))),
            Self::Template(name, with) => {
                let text = if name.ends_with(".css") {
                    format!("p {{ margin: {with}px }}\n")
                } else {
                    // One of the six cannot be filled.
                    let value = if *with == 5 { "{{ head.nothing.there }}" } else { "{{ head.title }}" };
                    format!("{{% extends \"base.html\" %}}{{% block main %}}{with} {value}{{% endblock main %}}")
                };
                site.put(&format!("templates/{name}"), text);
            }
            Self::RemoveTemplate(name) => drop(fs::remove_file(site.path(&format!("templates/{name}")))),
            Self::Config { title, page_size, navigation, formats } => {
                let navigation =
                    if *navigation { "navigation = [{ name = \"Archives\", link = \"/archives/\" }]\n" } else { "" };
                site.put(
                    "genblog.toml",
                    format!(
                        "base_url = \"https://example.org/\"\ntitle = \"Blog {title}\"\npage_size = {page_size}\n{navigation}\
                         [feed]\nformats = [{formats}]\nlimit = 2\n"
                    ),
                );
            }
            Self::Ask(other) => *asked = *other,
            Self::ChangeOutput(which) => {
                let files = below("public");
                if !files.is_empty() {
                    let name = which.get(&files);
                    let bytes = fs::read(site.path(name)).expect("there");
                    site.put(name, [&bytes, b"!".as_slice()].concat());
                }
            }
            Self::RemoveOutput(which) => {
                let files = below("public");
                if !files.is_empty() {
                    fs::remove_file(site.path(which.get::<String>(&files))).expect("there");
                }
            }
            Self::Damage { which, at } => {
                // Without its manifest genblog takes its own files for a stranger's if they change next.
                let may = |name: &String| [".receipt", ".site", ".amended"].iter().any(|ending| name.ends_with(ending));
                let kept = below(".genblog/outputs").into_iter().filter(may);
                let files = [below(".genblog/seen"), kept.collect()].concat();
                if files.is_empty() {
                    return;
                }
                let name = which.get(&files);
                let mut bytes = fs::read(site.path(name)).expect("there");
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] ^= 4;
                }
                site.put(name, bytes);
            }
            Self::Forget => drop(fs::remove_dir_all(site.path(".genblog/seen"))),
            Self::Wait => std::thread::sleep(std::time::Duration::from_millis(120)),
        }
    }
}

fn inputs(site: &Site, asked: Asked) -> Inputs {
    let start: DateTime<Utc> = "2026-12-01T00:00:00Z".parse().expect("a moment");
    let now = start + chrono::TimeDelta::hours(i64::from(asked.hour));
    let choice = Choice { now, drafts: asked.drafts, future: asked.future, expired: false };
    Inputs { root: site.path(""), config: None, overrides: Overrides::default(), choice }
}

/// Builds, and says whether the site could be built.
fn built(site: &Site, asked: Asked) -> bool {
    let inputs = inputs(site, asked);
    let done = build(&Build {
        inputs,
        output: "public".into(),
        form: Form::Silent,
        quiet: true,
        timings: false,
        verify: false,
    });
    done.expect("a terminal") == Outcome::Fine
}

/// What a build from nothing writes, if the site can be built.
fn clean(site: &Site, asked: Asked) -> Option<Files<Vec<u8>>> {
    let copy = site.copied();
    let prepared = prepare(&inputs(&copy, asked), Access::Read, &mut Timings::start()).ok()?;
    let renderer = prepared.renderer();
    let (plan, problems) = plan(&renderer, &Kept::new(&copy.path(""), Access::Read));
    let made = render(&plan.outputs).ok()?;
    let files = plan.outputs.iter().map(|planned| planned.route.file()).zip(made).collect();
    (!has_error(&prepared.problems) && !has_error(&problems)).then_some(files)
}

/// How many steps there were, how many of them made a site that could be built, and how many of these builds read the edited text only.
static STEPS: AtomicUsize = AtomicUsize::new(0);
static SOUND: AtomicUsize = AtomicUsize::new(0);
static AMENDED: AtomicUsize = AtomicUsize::new(0);

fn follow(edits: Vec<Edit>) {
    let site = Site::new();
    let mut asked = Asked { hour: 100, drafts: false, future: false };
    let mut is_sound = true;
    for edit in edits {
        // What somebody wrote into an output that the next build does not make is theirs for ever.
        if matches!(edit, Edit::ChangeOutput(_)) && !is_sound {
            continue;
        }
        edit.apply(&site, &mut asked);
        let before = site.files("public");
        let clean = clean(&site, asked);
        let amended = || site.files(".genblog/outputs").into_iter().find(|(name, _)| name.ends_with(".amended"));
        let amended_before = amended();
        is_sound = built(&site, asked);
        AMENDED.fetch_add(usize::from(amended() != amended_before), Ordering::Relaxed);
        STEPS.fetch_add(1, Ordering::Relaxed);
        SOUND.fetch_add(usize::from(is_sound), Ordering::Relaxed);
        assert_eq!(clean.is_some(), is_sound, "{edit:?}");
        // A site that cannot be built leaves what is there.
        assert_same(&site.files("public"), &clean.unwrap_or(before));
    }
}

#[test]
fn a_build_that_goes_on_and_a_clean_one_agree() {
    let run = |length: usize| {
        let config =
            ProptestConfig { cases: 21, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() };
        let follow = |edits| {
            follow(edits);
            Ok(())
        };
        TestRunner::new(config).run(&vec(edit(), length), follow).expect("they agree");
    };
    // Two lengths, so that two threads draw other sites from the same seed.
    thread::scope(|scope| [50, 51].into_iter().for_each(|length| drop(scope.spawn(move || run(length)))));
    let (steps, sound) = (STEPS.load(Ordering::Relaxed), SOUND.load(Ordering::Relaxed));
    assert!(steps >= 2_000 && sound * 3 > steps, "many sites can be built: {sound} of {steps}");
    let amended = AMENDED.load(Ordering::Relaxed);
    assert!(amended > 50, "many builds follow an edit of a few words: {amended} of {sound}");
}
