//! `genblog build` after an edit of a few words: the outputs that quote the post are made from what the last build has kept, and no
//! other text is read.
//!
//! ```text
//! KEPT.site      the last whole build's site without its texts, and for which inputs it stands
//! KEPT.amended   texts of it that are others since, and for which inputs it stands with them
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use blake3::Hash;
use chrono::{DateTime, Utc};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use crate::files::cache::PROGRAM;
use crate::files::composition;
use crate::files::output::{Failure, Output, Report};
use crate::files::receipt::Said;
use crate::files::source::text;
use crate::graph::kept::{KeptSite, keep};
use crate::graph::site::{PostIndex, Site};
use crate::graph::{Amended, amend, read_again};
use crate::rendering::feeds::FEED_SIZE;
use crate::rendering::plan::{plan_text, quoted_with};
use crate::rendering::renderer::Renderer;
use crate::rendering::theme::Theme;
use crate::running::pipeline::Surveyed;

/// Texts that are not what they were when the site was kept.
#[derive(Debug, Serialize, Deserialize)]
struct Others {
    /// The inputs that the site was kept for.
    site: [u8; 32],
    /// The inputs that it stands for with these texts.
    inputs: [u8; 32],
    /// Hashes by paths.
    texts: BTreeMap<String, [u8; 32]>,
}

/// Keeps the site of a build that has just been written, of these inputs.
pub fn keep_site(output: &Output, site: &Site, inputs: Hash) {
    let kept = (PROGRAM, <[u8; 32]>::from(inputs), keep(site));
    output.memory().keep_site(&postcard::to_allocvec(&kept).expect("plain data"));
}

/// Makes the outputs that an edit of one post has changed, if it changed nothing but words; says what there is to say, what was written,
/// and what the inputs are now. `None` when more may have changed: then nothing was written.
pub fn amended(
    surveyed: &Surveyed,
    output: &mut Output,
    root: &Path,
    now: DateTime<Utc>,
) -> Result<Option<(Said, Report, Hash)>, Failure> {
    let Some((mut site, edited, mut others)) = edited(surveyed, output, root) else { return Ok(None) };
    let Some((said, _)) = output.unchanged(Hash::from(others.inputs), now) else { return Ok(None) };
    // Places move with the words, and sizes of feeds grow.
    let as_json = |text: &str| serde_json::to_string(text).expect("text is JSON");
    let path = as_json(&site.posts[edited.0].source.path);
    if said.json.contains(&path) || said.json.contains(&as_json(FEED_SIZE)) {
        return Ok(None);
    }
    let Some(looks) = surveyed.survey().looks() else { return Ok(None) };
    let themes = &surveyed.config().themes;
    let Ok(theme) = Theme::of(themes, &looks.themes, &looks.templates) else { return Ok(None) };
    let quoted = quoted_with(&Renderer::new(&site, &theme, surveyed.program()), edited);
    let Some(texts) = read(&site, &quoted, surveyed, root) else { return Ok(None) };
    amend(&mut site, texts);
    let renderer = Renderer::new(&site, &theme, surveyed.program());
    let (planned, problems) = plan_text(&renderer, edited);
    let inputs = surveyed.hash().filter(|_| problems.is_empty());
    let Some(inputs) = inputs else { return Ok(None) };
    let Some(report) = output.amend(&planned)? else { return Ok(None) };
    output.keep_receipt(inputs, now, said.clone());
    others.inputs = inputs.into();
    output.memory().keep_amended(&others);
    let outputs = planned.iter().map(|one| (one.route.file(), one.fingerprint, &one.made_of));
    composition::add(root, output.name(), outputs);
    Ok(Some((said, report, inputs)))
}

/// The site that was kept, the one post whose text is another one, and the texts that will be others; the inputs are still those that
/// were built last.
fn edited(surveyed: &Surveyed, output: &Output, root: &Path) -> Option<(Site, PostIndex, Others)> {
    let bytes = output.memory().site()?;
    let ((program, of), rest) = postcard::take_from_bytes::<(String, [u8; 32])>(&bytes).ok()?;
    if program != PROGRAM {
        return None;
    }
    let none = Others { site: of, inputs: of, texts: BTreeMap::new() };
    let mut others = output.memory().amended::<Others>().filter(|others| others.site == of).unwrap_or(none);
    // An index of all words asks for all texts.
    if surveyed.config().search {
        return None;
    }
    let kept: KeptSite = postcard::from_bytes(rest).ok()?;
    let (site, texts) = kept.site(root, surveyed.config().clone())?;
    let mut edited = Vec::new();
    for (index, (post, kept)) in site.posts.iter().zip(texts).enumerate() {
        let path = &post.source.path;
        let before = others.texts.get(path).map_or(kept, |text| Hash::from(*text));
        let text = surveyed.survey().hash_at(path)?;
        if text != before {
            edited.push((PostIndex(index), before, text));
        }
    }
    let [(index, before, text)] = edited[..] else { return None };
    let path = site.posts[index.0].source.path.clone();
    // Nothing else is another one: no text, no file, no template, no value of the configuration, and not the program.
    if surveyed.hash_with(&path, before) != Some(Hash::from(others.inputs)) {
        return None;
    }
    others.texts.insert(path, text.into());
    Some((site, index, others))
}

/// What these posts say, if each is the file that was looked at.
fn read(
    site: &Site,
    posts: &BTreeSet<PostIndex>,
    surveyed: &Surveyed,
    root: &Path,
) -> Option<Vec<(PostIndex, Amended)>> {
    let read = |&post: &PostIndex| {
        let path = &site.posts[post.0].source.path;
        let file = text(root, path)?;
        let same = surveyed.survey().hash_at(path) == Some(file.hash);
        Some((post, read_again(site, post, file).filter(|_| same)?))
    };
    posts.iter().collect::<Vec<_>>().par_iter().map(|post| read(post)).collect()
}
