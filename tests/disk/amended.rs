//! Random edits of posts while a site is served: what is shown after an edit that was taken for a few words is what a build from nothing
//! shows, and what such a build writes and says is what one that goes on from the last one does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use genblog::files::config::Overrides;
use genblog::graph::Choice;
use genblog::running::build::{Build, build};
use genblog::running::pipeline::Inputs;
use genblog::running::report::{Form, Outcome};
use genblog::running::shown::{Files, Last, Shown};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::site::{Site, photograph};

const ORIGIN: &str = "http://127.0.0.1:1111";

/// Posts of the site; more than its feed holds, so that years have feeds too.
const POSTS: u8 = 7;

/// A piece of a text, with a word that may be another one.
type Piece = fn(u8) -> String;

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        8 => any::<bool>().prop_map(|long| if long { PARAGRAPH } else { SHORT }),
        1 => any::<u8>().prop_map(|which| PIECES[usize::from(which) % PIECES.len()]),
    ]
}

const SHORT: Piece = |word| format!("A paragraph with word{word}.");
const PARAGRAPH: Piece = |word| "Many words stand here. ".repeat(20) + &format!("One is word{word}.");

const PIECES: [Piece; 16] = [
    |word| format!("## Part\n\nIts *word{word}*."),
    |word| format!("See [there {word}](@/posts/p1.md#part) and [here](#part)."),
    |word| format!("See [a file](/mark.svg) and word{word}."),
    |word| format!("![A tree](tree.jpg)\n\nBelow it word{word}."),
    |word| format!("![Tree {word}](@/posts/p2/tree.jpg)"),
    |word| format!("Said[^a] word{word}.\n\n[^a]: And [noted](@/posts/p3.md) word{word}."),
    |word| format!("<p>Own <b>HTML</b> {word}.</p>"),
    |word| format!("<svg width=\"10\" height=\"10\" xmlns=\"http://www.w3.org/2000/svg\"><circle r=\"{word}\"/></svg>"),
    |word| format!("```sim\nfigure = \"ring\"\ncaption = \"Look {word}.\"\n```"),
    |word| format!("Set [the ring](sim:ring=v1.burst.n2) and word{word}."),
    |word| format!("A page has [4096](claim:PAGE_SIZE) bytes, word{word}."),
    |word| format!("<!-- more -->\n\nThe rest, word{word}."),
    |word| format!("```c\nint word{word};\n```"),
    |word| format!("| a | b |\n|---|---|\n| word{word} | 2 |"),
    |word| format!("It is \u{1} and word{word}."),
    |word| format!("Nothing is [there](@/posts/none{word}.md)."),
];

/// A post of the site.
#[derive(Debug, Clone)]
struct Post {
    pieces: Vec<(Piece, u8)>,
    tags: u8,
}

fn post() -> impl Strategy<Value = Post> {
    let pieces = vec((piece(), any::<u8>()), 1..7);
    (pieces, 0..4_u8).prop_map(|(pieces, tags)| Post { pieces, tags })
}

/// What is done to a post.
#[derive(Debug, Clone)]
enum Edit {
    Word(u8, u8),
    Piece(u8, Piece),
    Tags(u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        8 => any::<(u8, u8)>().prop_map(|(at, word)| Edit::Word(at, word)),
        2 => (any::<u8>(), piece()).prop_map(|(at, piece)| Edit::Piece(at, piece)),
        1 => (0..4_u8).prop_map(Edit::Tags),
    ]
}

impl Post {
    fn edit(&mut self, edit: &Edit) {
        let at = |at: &u8| usize::from(*at) % self.pieces.len();
        match edit {
            Edit::Word(place, word) => {
                let at = at(place);
                self.pieces[at].1 = *word;
            }
            Edit::Piece(place, piece) => {
                let at = at(place);
                self.pieces[at].0 = *piece;
            }
            Edit::Tags(tags) => self.tags = *tags,
        }
    }

    fn text(&self, number: u8) -> String {
        let tags: Vec<String> =
            (0..2).filter(|bit| self.tags >> bit & 1 == 1).map(|bit| format!("\"t{bit}\"")).collect();
        let (year, tags) = (2020 + u32::from(number) / 3, tags.join(", "));
        let mut text =
            format!("+++\ntitle = \"Post {number}\"\ndate = {year}-03-0{}\ntags = [{tags}]\n+++\n", number + 1);
        for (piece, word) in &self.pieces {
            write!(text, "\n{}\n", piece(word % 50)).expect("text grows");
        }
        text
    }
}

/// Where a post is: the third has a folder.
fn path(number: u8) -> String {
    if number == 2 { "content/posts/p2/index.md".to_owned() } else { format!("content/posts/p{number}.md") }
}

fn everything(shown: &Shown) -> BTreeMap<&str, Vec<u8>> {
    let files = shown.files.as_deref().into_iter().flat_map(Files::all);
    files.map(|(path, served)| (path, served.bytes.to_vec())).collect()
}

#[test]
fn what_is_shown_after_a_few_words_is_what_a_build_shows() {
    is_what_a_build_shows(200, "");
}

/// The index of words changes with each of them.
#[test]
fn what_is_found_after_a_few_words_is_what_a_build_finds() {
    is_what_a_build_shows(60, "search = true\n");
}

fn is_what_a_build_shows(edits: usize, config: &str) {
    let site = Site::new();
    let keys = format!("base_url = \"https://example.org/\"\ntitle = \"Notes\"\npage_size = 3\n{config}");
    site.put("genblog.toml", keys + "[feed]\nlimit = 4\nformats = [\"rss\", \"json\"]\n");
    if config.is_empty() {
        // Where nobody can search the folder is an author's own.
        site.put("static/search/own.txt", "Mine.");
    }
    site.put("static/mark.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>");
    site.put("content/posts/p2/tree.jpg", photograph(1, (900, 600)));
    let now: DateTime<Utc> = "2026-12-01T00:00:00Z".parse().expect("a moment");
    let choice = Choice { now, drafts: false, future: false, expired: false };
    let inputs = Inputs { root: site.path(""), config: None, overrides: Overrides::default(), choice };
    let mut runner = TestRunner::new(ProptestConfig::default());
    let mut posts = vec(post(), usize::from(POSTS)).new_tree(&mut runner).expect("there is one").current();
    for (number, post) in (0..).zip(&posts) {
        site.put(&path(number), post.text(number));
    }
    let mut last = Last::default();
    let (mut shown, _) = Shown::default().next(&inputs, ORIGIN, &mut last);
    let (mut amended, mut sound) = (0, 0);
    for _ in 0..edits {
        let (which, edit) = (any::<u8>(), edit()).new_tree(&mut runner).expect("there is one").current();
        let number = which % POSTS;
        let post = &mut posts[usize::from(number)];
        let (before, words_only) = (post.clone(), matches!(edit, Edit::Word(..)));
        post.edit(&edit);
        site.put(&path(number), post.text(number));
        let edited = BTreeSet::from([
            site.path(&path(number)),
            site.path("content/posts/.p.swp"),
            site.path("content/posts/4913"),
        ]);
        let (anew, problems) = Shown::default().next(&inputs, ORIGIN, &mut Last::default());
        let next = shown.amended(&inputs, &edited, &mut last);
        if let Some((next, told)) = &next {
            assert_eq!(everything(next), everything(&anew), "{before:?} {edit:?}");
            assert_eq!((next.number.as_str(), told), (anew.number.as_str(), &problems));
            amended += 1;
        }
        // The same between two builds; what is said is held against a build from nothing, too.
        let verified = build(&Build {
            inputs: inputs.clone(),
            output: "public".into(),
            form: Form::Silent,
            quiet: true,
            timings: false,
            verify: true,
        });
        let sound_build = if anew.problems.is_empty() { Outcome::Fine } else { Outcome::Site };
        assert_eq!(verified.expect("a terminal"), sound_build, "{before:?} {edit:?}");
        shown = next.map_or_else(|| shown.next(&inputs, ORIGIN, &mut last).0, |(next, _)| next);
        if anew.problems.is_empty() {
            sound += usize::from(words_only);
        } else {
            // A broken site is mended, so that most are sound.
            *post = before;
            site.put(&path(number), post.text(number));
            shown = shown.next(&inputs, ORIGIN, &mut last).0;
        }
    }
    assert!(amended * 3 > sound && sound > edits * 3 / 10, "many edits are of a few words: {amended} of {sound}");
}
