//! `genblog build` after an edit of a few words: the outputs that quote the post are made from what the last build has kept, and no
//! other text is read.
//!
//! ```text
//! KEPT.site      the last whole build's site without its texts, the texts' hashes, and for which inputs it stands
//! KEPT.amended   texts of it that are others since, and for which inputs it stands with them
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::thread;

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

/// What stands before a kept site.
#[derive(Debug, Serialize, Deserialize)]
struct Texts<'a> {
    program: &'a str,
    /// The inputs that the site was kept for.
    of: [u8; 32],
    /// The files of its posts, in its order, with the hashes of their bytes.
    #[serde(borrow)]
    of_posts: Vec<(&'a str, [u8; 32])>,
}

/// Keeps the site of a build that has just been written, of these inputs.
pub fn keep_site(output: &Output, site: &Site, inputs: Hash, texts: &BTreeMap<String, Hash>) {
    let Some(of_posts) = site.posts.iter().map(|post| Some((&*post.path, (*texts.get(&post.path)?).into()))).collect()
    else {
        return;
    };
    let texts = Texts { program: PROGRAM, of: inputs.into(), of_posts };
    output.memory().keep_site(&postcard::to_allocvec(&(texts, keep(site))).expect("plain data"));
}

/// Makes the outputs that an edit of one post has changed, if it changed nothing but words; says what there is to say, what was written,
/// and what the inputs are now. `None` when more may have changed: then nothing was written.
pub fn amended(
    surveyed: &Surveyed,
    output: &mut Output,
    root: &Path,
    now: DateTime<Utc>,
) -> Result<Option<(Said, Report, Hash)>, Failure> {
    // An index of all words asks for all texts.
    let kept = if surveyed.config().search { None } else { output.memory().site() };
    let Some((texts, kept)) = kept.as_ref().and_then(|kept| apart(kept.bytes())) else { return Ok(None) };
    let others = output.memory().amended::<Others>().filter(|others| others.site == texts.of);
    let mut others = others.unwrap_or_else(|| Others { site: texts.of, inputs: texts.of, texts: BTreeMap::new() });
    let Some(edited) = edited(surveyed, &texts, &others) else { return Ok(None) };
    let ((site, theme), said) =
        rayon::join(|| site_and_theme(surveyed, &texts, kept, root), || output.unchanged(others.inputs.into(), now));
    let (Some(mut site), Some(theme), Some((said, _))) = (site, theme, said) else { return Ok(None) };
    // Places move with the words, and sizes of feeds grow.
    let as_json = |text: &str| serde_json::to_string(text).expect("text is JSON");
    let path = &site.posts[edited.0].path;
    if said.json.contains(&as_json(path)) || said.json.contains(&as_json(FEED_SIZE)) {
        return Ok(None);
    }
    let Some(text) = surveyed.survey().hash_at(path) else { return Ok(None) };
    others.texts.insert(path.clone(), text.into());
    let quoted = quoted_with(&Renderer::new(&site, &theme, surveyed.program()), edited);
    let Some(texts) = read(&site, &quoted, surveyed, root) else { return Ok(None) };
    let written = texts.iter().find(|(post, _)| *post == edited).map(|(_, text)| Arc::clone(&text.source));
    let Some(written) = written else { return Ok(None) };
    amend(&mut site, texts);
    let renderer = Renderer::new(&site, &theme, surveyed.program());
    let (planned, problems) = plan_text(&renderer, edited, &written);
    let inputs = surveyed.hash().filter(|_| problems.is_empty());
    let Some(inputs) = inputs else { return Ok(None) };
    let Some(report) = output.amend(&planned)? else { return Ok(None) };
    output.keep_receipt(inputs, now, said.clone());
    others.inputs = inputs.into();
    output.memory().keep_amended(&others);
    let outputs = planned.iter().map(|one| (one.route.file(), one.fingerprint, &one.made_of));
    composition::add(root, output.name(), outputs);
    drop(planned);
    drop(renderer);
    // Nobody has to wait for it; where there is no thread it goes at once.
    let _ = thread::Builder::new().spawn(move || drop((site, theme)));
    Ok(Some((said, report, inputs)))
}

/// What was kept: what stands in front of the site, and the site's own bytes.
fn apart(bytes: &[u8]) -> Option<(Texts<'_>, &[u8])> {
    let (texts, kept) = postcard::take_from_bytes::<Texts<'_>>(bytes).ok()?;
    (texts.program == PROGRAM).then_some((texts, kept))
}

/// The site that was kept, and its theme.
fn site_and_theme(surveyed: &Surveyed, texts: &Texts<'_>, kept: &[u8], root: &Path) -> (Option<Site>, Option<Theme>) {
    let site = || {
        let kept: KeptSite<&[u8]> = postcard::from_bytes(kept).ok()?;
        let paths: Vec<&str> = texts.of_posts.iter().map(|(path, _)| *path).collect();
        kept.site(&paths, root, surveyed.config().clone())
    };
    let theme = || {
        let looks = surveyed.survey().looks()?;
        Theme::of(&surveyed.config().themes, &looks.themes, &looks.templates).ok()
    };
    rayon::join(site, theme)
}

/// The one post whose text is another one than at the last build, if nothing else is another one: no text, no file, no template, no value
/// of the configuration, and not the program.
fn edited(surveyed: &Surveyed, texts: &Texts<'_>, others: &Others) -> Option<PostIndex> {
    let now = surveyed.survey().hashes();
    let mut edited = Vec::new();
    for (index, &(path, kept)) in texts.of_posts.iter().enumerate() {
        let before = Hash::from(others.texts.get(path).copied().unwrap_or(kept));
        if *now.get(path)? != before {
            edited.push((index, path, before));
        }
    }
    let [(index, path, before)] = edited[..] else { return None };
    (surveyed.hash_with(path, before) == Some(Hash::from(others.inputs))).then_some(PostIndex(index))
}

/// What these posts say, if each is the file that was looked at.
fn read(
    site: &Site,
    posts: &BTreeSet<PostIndex>,
    surveyed: &Surveyed,
    root: &Path,
) -> Option<Vec<(PostIndex, Amended)>> {
    let read = |&post: &PostIndex| {
        let path = &site.posts[post.0].path;
        let file = text(root, path)?;
        let same = surveyed.survey().hash_at(path) == Some(file.hash);
        Some((post, read_again(site, post, file).filter(|_| same)?))
    };
    posts.iter().collect::<Vec<_>>().par_iter().map(|post| read(post)).collect()
}
