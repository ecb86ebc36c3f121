//! What was found in blocks of code, so that none is read twice: a grammar takes as long as forty times as much Markdown, and a blog
//! repeats itself, in commands above all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::rendering::code::kind::Stretch;

/// Stretches that are remembered at most, some ten thousand blocks' worth. A stretch takes 24 bytes.
const MOST: usize = 1 << 20;

/// Blocks by the hash of their language and text.
#[derive(Default)]
pub(super) struct Known {
    blocks: Mutex<Blocks>,
}

#[derive(Default)]
struct Blocks {
    found: HashMap<blake3::Hash, Arc<[Stretch]>>,
    /// How many stretches that is, with one more for each block.
    stretches: usize,
}

impl Known {
    /// What is in a text of a language; `read` finds out the first time.
    pub(super) fn stretches(&self, language: &str, text: &str, read: impl FnOnce() -> Vec<Stretch>) -> Arc<[Stretch]> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(language.len() as u64).to_le_bytes()).update(language.as_bytes()).update(text.as_bytes());
        let hash = hasher.finalize();
        let blocks = || self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = blocks().found.get(&hash) {
            return Arc::clone(found);
        }
        // Two threads may find out at a time; they find the same.
        let found: Arc<[Stretch]> = read().into();
        let mut blocks = blocks();
        // A block in which nothing was found takes room as well.
        let size = found.len() + 1;
        if blocks.stretches + size > MOST {
            *blocks = Blocks::default();
        }
        blocks.stretches += size;
        blocks.found.insert(hash, Arc::clone(&found));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rendering::code::kind::Kind;

    #[test]
    fn a_block_is_read_once() {
        let known = Known::default();
        let mut times = 0;
        for (language, text) in [("c", "a"), ("c", "a"), ("ca", ""), ("c", "a"), ("", "ca")] {
            let found = known.stretches(language, text, || {
                times += 1;
                vec![Stretch { range: 0..text.len(), kind: Kind::Keyword }]
            });
            assert_eq!(found[0].range.end, text.len());
        }
        assert_eq!(times, 3);
    }

    #[test]
    fn memory_is_bounded() {
        let known = Known::default();
        for number in 0..40 {
            let many = || vec![Stretch { range: 0..1, kind: Kind::Keyword }; MOST / 4];
            known.stretches("c", &number.to_string(), many);
            assert!(known.blocks.lock().expect("no thread has failed").found.len() <= 4);
        }
    }
}
