//! What a reader can set before a run: knobs, and the order in which things are done.
//!
//! A knob is a menu or a number. Its place in its figure's list is its number in links, so a figure whose knobs have become
//! others keeps the old ones as [`Retired`]: links that name them go on leading where they led.
//!
//! Not modelled: numbers that are not whole, and values of one knob that depend on another.

use alloc::vec::Vec;

/// A number that a reader may choose.
#[derive(Debug)]
pub struct Knob {
    /// The name in fences.
    pub name: &'static str,
    /// The control's label.
    pub title: &'static str,
    /// The unit, or nothing.
    pub unit: &'static str,
    /// What can be chosen.
    pub offers: Offers,
}

/// What a knob can be turned to.
#[derive(Debug)]
pub enum Offers {
    /// One of these.
    Menu(&'static [KnobOption]),
    /// A number, which the reader may write.
    Number(Numbers),
}

/// Numbers that a knob can be turned to.
#[derive(Debug)]
pub struct Numbers {
    /// The smallest.
    pub least: u32,
    /// The largest.
    pub most: u32,
    /// How far an arrow key or a drag turns it.
    pub stride: u32,
    /// What is counted.
    pub of: Counted,
    /// Numbers that have a name; they may lie beyond the largest.
    pub named: &'static [KnobOption],
}

/// What a knob's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Things, or units of something.
    Things,
    /// Frames of memory: an address says which one as well, since a frame has 4096 of them.
    Frames,
}

/// One choice of a knob.
#[derive(Debug)]
pub struct KnobOption {
    /// The value.
    pub value: u32,
    /// The menu's text.
    pub title: &'static str,
}

impl KnobOption {
    /// The choices of a knob that has [retired](Retired): nobody sees them any more.
    #[must_use]
    pub const fn retired<const N: usize>(values: [u32; N]) -> [KnobOption; N] {
        let mut options = [const { KnobOption { value: 0, title: "" } }; N];
        let mut place = 0;
        while place < N {
            options[place].value = values[place];
            place += 1;
        }
        options
    }
}

impl Knob {
    /// Whether the value can be chosen.
    #[must_use]
    pub fn offers(&self, value: u32) -> bool {
        let within = match &self.offers {
            Offers::Menu(_) => false,
            Offers::Number(numbers) => (numbers.least..=numbers.most).contains(&value),
        };
        within || self.title_of(value).is_some()
    }

    /// The values that have a name.
    #[must_use]
    pub const fn named(&self) -> &'static [KnobOption] {
        match &self.offers {
            Offers::Menu(options) => options,
            Offers::Number(numbers) => numbers.named,
        }
    }

    /// What a value is called, if it has a name.
    #[must_use]
    pub fn title_of(&self, value: u32) -> Option<&'static str> {
        self.named().iter().find(|option| option.value == value).map(|option| option.title)
    }

    /// Every value of a menu; of numbers both ends, one stride on from the first, and those with a name.
    #[must_use]
    pub fn some_values(&self) -> Vec<u32> {
        let mut values: Vec<u32> = self.named().iter().map(|option| option.value).collect();
        if let Offers::Number(Numbers { least, most, stride, .. }) = self.offers {
            values.extend([least, (least + stride).min(most), most]);
            values.sort_unstable();
            values.dedup();
        }
        values
    }
}

/// Knobs and presets that a figure had once. Links go on naming them: the numbers of old knobs come before those of the
/// present ones.
#[derive(Debug)]
pub struct Retired {
    /// The knobs as they were.
    pub knobs: &'static [Knob],
    /// The presets that there were then.
    pub presets: &'static [RetiredPreset],
    /// The values of the present knobs that come to what the old ones did.
    pub turn: fn(&[u32]) -> Vec<u32>,
}

/// A preset as it was.
#[derive(Debug)]
pub struct RetiredPreset {
    /// Its name in links.
    pub name: &'static str,
    /// The present preset that does the same once its knobs are turned.
    pub now: &'static str,
    /// The old knobs' values.
    pub knobs: &'static [u32],
}

/// Actions that a reader may put in order before the run: it does them one after the other, and each once.
#[derive(Debug)]
pub struct Sequence {
    /// What they are.
    pub title: &'static str,
    /// The actions' letters.
    pub letters: &'static str,
}

impl Sequence {
    /// Whether the letters are those of the sequence, each once.
    #[must_use]
    pub fn is_order(&self, letters: &[char]) -> bool {
        letters.len() == self.letters.len() && self.letters.chars().all(|letter| letters.contains(&letter))
    }
}
