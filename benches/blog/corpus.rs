//! The same blog in two dialects: posts of some 450 words with headings, a list, a table, links and two blocks of code, three of 200
//! tags each, one post every ninety minutes.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, TimeDelta};

const WORDS: &str = "ring slot grant netfront netback packet fragment event channel hypervisor domain bridge queue transmit receive \
    page frame memory driver kernel interrupt device guest privileged config space table entry fault translation address \
    producer consumer index barrier notify response request schedule credit bandwidth latency throughput copy map unmap \
    release foreign destructor buffer header descriptor interface physical virtual machine hotplug migration emulation \
    register command status boot argument build package library message error log path tree patch review merge branch \
    commit test bench measure model figure diagram reader article photo gallery";

const C: &str =
    "```c\nstatic int room(struct ring *ring)\n{\n\treturn ring->size - (ring->req_prod - ring->rsp_cons);\n}\n```\n\n";
const SHELL: &str = "```sh\nxl create guest.cfg\nethtool -S vif1.0 | grep tx\n```\n\n";

/// Tags of the whole blog, and of a post.
const TAGS: u64 = 200;
const TAGS_OF_A_POST: u64 = 3;

/// Moments in seconds since 1970: of the first post, and between two.
const FIRST: i64 = 883_645_200;
const BETWEEN: i64 = 90 * 60;

/// A file of a site, by its path in the site.
type SiteFile = (&'static str, &'static str);

/// What a genblog site has besides posts.
pub(crate) const GENBLOG: &[SiteFile] = &[
    ("genblog.toml", include_str!("genblog/genblog.toml")),
    ("templates/base.html", include_str!("genblog/templates/base.html")),
    ("templates/home.html", include_str!("genblog/templates/home.html")),
    ("templates/post.html", include_str!("genblog/templates/post.html")),
    ("templates/tag.html", include_str!("genblog/templates/tag.html")),
    ("templates/tags.html", include_str!("genblog/templates/tags.html")),
    ("templates/archives.html", include_str!("genblog/templates/archives.html")),
];

/// The same for Hugo.
pub(crate) const HUGO: &[SiteFile] = &[
    ("hugo.toml", include_str!("hugo/hugo.toml")),
    ("layouts/baseof.html", include_str!("hugo/layouts/baseof.html")),
    ("layouts/home.html", include_str!("hugo/layouts/home.html")),
    ("layouts/rss.xml", include_str!("hugo/layouts/rss.xml")),
    ("layouts/section.html", include_str!("hugo/layouts/section.html")),
    ("layouts/single.html", include_str!("hugo/layouts/single.html")),
    ("layouts/taxonomy.html", include_str!("hugo/layouts/taxonomy.html")),
    ("layouts/term.html", include_str!("hugo/layouts/term.html")),
    ("static/site.css", include_str!("hugo/static/site.css")),
];

/// Chance: xorshift64*.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % most
    }

    fn word(&mut self) -> &'static str {
        let words = WORDS.split_whitespace();
        let at = self.below(words.clone().count() as u64);
        words.clone().nth(usize::try_from(at).expect("few words")).expect("below their number")
    }

    fn sentence(&mut self) -> String {
        let length = 8 + self.below(11);
        let marked = self.below(length);
        let mut text = String::new();
        for at in 0..length {
            let word = self.word();
            let kind = if at == marked { self.below(20) } else { 20 };
            let _ = match kind {
                0..3 => write!(text, "*{word}* "),
                3..5 => write!(text, "`{word}` "),
                5..7 => write!(text, "[{word}](https://example.org/{word}) "),
                _ => write!(text, "{word} "),
            };
        }
        text.trim_end().to_owned() + "."
    }

    fn paragraph(&mut self) -> String {
        let sentences: Vec<String> = (0..3 + self.below(4)).map(|_| self.sentence()).collect();
        sentences.join(" ") + "\n\n"
    }

    /// The text of a post below its front matter.
    fn body(&mut self) -> String {
        let mut text = String::new();
        for part in 0..3 {
            let heading: Vec<&str> = (0..4).map(|_| self.word()).collect();
            let _ = write!(text, "## On {}\n\n", heading.join(" "));
            text += &self.paragraph();
            text += &self.paragraph();
            match part {
                0 => {
                    for _ in 0..4 {
                        let _ = writeln!(text, "- {}", self.sentence());
                    }
                    text.push('\n');
                }
                1 => {
                    text += C;
                    text += "| field | value |\n| --- | --- |\n";
                    for _ in 0..4 {
                        let _ = writeln!(text, "| {} | {} |", self.word(), self.below(1000));
                    }
                    text.push('\n');
                }
                _ => text += SHELL,
            }
        }
        text
    }
}

/// The post of that number; both programs read it alike.
pub(crate) fn post(number: u64) -> String {
    let mut draw = Draw(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let title = format!("{} {} {number}", draw.word(), draw.word());
    let moment = DateTime::from_timestamp(FIRST, 0).expect("in range")
        + TimeDelta::seconds(BETWEEN * i64::try_from(number).expect("few posts"));
    let date = moment.format("%Y-%m-%dT%H:%M:%SZ");
    let tags: Vec<String> = (0..TAGS_OF_A_POST)
        .map(|part| {
            let each = TAGS / TAGS_OF_A_POST;
            format!("\"tag{:03}\"", part * each + draw.below(each))
        })
        .collect();
    format!("+++\ntitle = \"{title}\"\ndate = {date}\ntags = [{}]\n+++\n\n{}", tags.join(", "), draw.body())
}

/// The same post with code that no other has.
pub(crate) fn with_other_code(number: u64) -> String {
    post(number)
        .replace("room(struct", &format!("room_{number}(struct"))
        .replace("guest.cfg", &format!("guest-{number}.cfg"))
}

/// The name of a post's file.
pub(crate) fn name(number: u64) -> String {
    format!("content/posts/post-{number:06}.md")
}

/// Writes a blog of so many posts.
pub(crate) fn write(root: &Path, files: &[SiteFile], posts: u64) -> io::Result<()> {
    fs::create_dir_all(root.join("content/posts"))?;
    for (name, text) in files {
        let file = root.join(name);
        fs::create_dir_all(file.parent().expect("in the site"))?;
        fs::write(file, text)?;
    }
    (0..posts).try_for_each(|number| fs::write(root.join(name(number)), post(number)))
}
