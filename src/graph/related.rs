//! Which posts belong together: [`related`] by their tags, [`series`] by their authors' word.

use std::collections::BTreeMap;

use crate::graph::site::{Post, PostIndex, Site};

/// Most posts that are named as related to one.
const MOST: usize = 3;

/// Posts of a tag that are looked at on either side of a post: those nearest in time. So a tag that every post has costs no more than
/// another one.
const NEAR: usize = 12;

/// The posts that share most with the one at `index`, best first: a tag that few posts have says more than one that many have. Of equal
/// ones the nearest in time. What follows or goes before anyway, by date or in the same series, is left out.
#[must_use]
pub fn related(site: &Site, PostIndex(index): PostIndex) -> Vec<PostIndex> {
    let post = &site.posts[index];
    let mut shared: Vec<(PostIndex, u64)> = Vec::new();
    for tag in post.tags.iter().filter_map(|slug| site.tags.get(slug)) {
        let at = tag.posts.partition_point(|other| other.0 < index);
        let weight = 1_000_000 / tag.posts.len().max(1) as u64;
        let near = &tag.posts[at.saturating_sub(NEAR)..tag.posts.len().min(at + NEAR + 1)];
        shared.extend(near.iter().map(|&other| (other, weight)));
    }
    shared.sort_unstable();
    let mut sums: Vec<(PostIndex, u64)> = Vec::new();
    for (other, weight) in shared {
        match sums.last_mut() {
            Some((last, sum)) if *last == other => *sum += weight,
            _ => sums.push((other, weight)),
        }
    }
    let beside = |other: &Post| !post.series.is_empty() && other.series == post.series;
    sums.retain(|(other, _)| other.0.abs_diff(index) > 1 && !beside(&site.posts[other.0]));
    sums.sort_by_key(|&(other, sum)| (std::cmp::Reverse(sum), other.0.abs_diff(index), other));
    // Borrowed: what is collected from a vector itself stays as large as that was.
    sums.iter().take(MOST).map(|(other, _)| *other).collect()
}

/// The posts of each series, the oldest first.
#[must_use]
pub fn series(site: &Site) -> BTreeMap<&str, Vec<PostIndex>> {
    let mut series: BTreeMap<&str, Vec<PostIndex>> = BTreeMap::new();
    for (index, post) in site.posts.iter().enumerate().rev().filter(|(_, post)| !post.series.is_empty()) {
        series.entry(&post.series).or_default().push(PostIndex(index));
    }
    series
}
