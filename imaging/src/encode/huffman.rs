//! Huffman tables of JPEG: as a file holds them ([`Table`]), to read with ([`Reader`]), to write with ([`Codes`]), and the best
//! one for given symbols ([`Table::best`]).

use std::cmp::Reverse;

/// How many codes there are of each length, 1 to 16, and the symbols in the order of their codes (ITU T.81, B.2.4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) lengths: [u8; 16],
    pub(super) symbols: Vec<u8>,
}

/// A code: its bits at the lower end, and how many they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u32,
    pub(super) length: u32,
}

impl Table {
    /// A table, and what follows it in its segment.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&lengths, rest) = bytes.split_first_chunk::<16>()?;
        let count = lengths.iter().map(|&count| usize::from(count)).sum();
        let (symbols, rest) = rest.split_at_checked(count)?;
        Some((Self { lengths, symbols: symbols.to_vec() }, rest))
    }

    /// The table under which symbols that occur so often are shortest (ITU T.81, K.2).
    pub(super) fn best(counts: &[u32; 256]) -> Self {
        let (wanted, mut of_length) = code_lengths(counts);
        // No code is longer than 16 bits (figure K.3): two of the longest make room by moving below a shorter one.
        for length in (17..of_length.len()).rev() {
            while of_length[length] > 0 {
                let shorter = (1..length - 1).rev().find(|&shorter| of_length[shorter] > 0).unwrap_or(1);
                of_length[length] -= 2;
                of_length[length - 1] += 1;
                of_length[shorter + 1] += 2;
                of_length[shorter] -= 1;
            }
        }
        // The symbol that is none had the code of ones only, which no symbol may have.
        if let Some(longest) = (1..=16).rev().find(|&length| of_length[length] > 0) {
            of_length[longest] -= 1;
        }
        let mut symbols: Vec<u8> = (0..=u8::MAX).filter(|&symbol| counts[usize::from(symbol)] > 0).collect();
        symbols.sort_by_key(|&symbol| wanted[usize::from(symbol)]);
        let lengths =
            std::array::from_fn(|index| u8::try_from(of_length[index + 1]).expect("at most 256 symbols less one"));
        Self { lengths, symbols }
    }

    /// Codes in the order of the symbols (ITU T.81, C.2).
    fn codes(&self) -> impl Iterator<Item = (u8, Code)> {
        let mut next = 0;
        let lengths = (1..).zip(self.lengths).flat_map(|(length, count)| (0..count).map(move |_| length));
        let mut last = 0;
        self.symbols.iter().zip(lengths).map(move |(&symbol, length)| {
            next <<= length - last;
            last = length;
            next += 1;
            (symbol, Code { bits: next - 1, length })
        })
    }
}

/// The length of each symbol's code, and how many there are of each length, when lengths have no bound (figures K.1 and K.2).
///
/// The last is a symbol that occurs once and is none.
fn code_lengths(counts: &[u32; 256]) -> ([usize; 257], [u16; 258]) {
    let mut weights: Vec<(u64, Vec<usize>)> =
        (0..256).filter(|&symbol| counts[symbol] > 0).map(|symbol| (u64::from(counts[symbol]), vec![symbol])).collect();
    weights.push((1, vec![256]));
    // The lightest last.
    weights.sort_by_key(|&(weight, _)| Reverse(weight));
    let mut lengths = [0; 257];
    while let Some((lighter, mut symbols)) = weights.pop() {
        let Some((light, others)) = weights.pop() else { break };
        symbols.extend(others);
        symbols.iter().for_each(|&symbol| lengths[symbol] += 1);
        let weight = lighter + light;
        let place = weights.partition_point(|&(other, _)| other > weight);
        weights.insert(place, (weight, symbols));
    }
    let mut of_length = [0; 258];
    lengths.iter().filter(|&&length| length > 0).for_each(|&length| of_length[length] += 1);
    (lengths, of_length)
}

/// A table to write with.
#[derive(Debug)]
pub(super) struct Codes([Code; 256]);

impl Codes {
    pub(super) fn of(table: &Table) -> Self {
        let mut codes = [Code::default(); 256];
        table.codes().for_each(|(symbol, code)| codes[usize::from(symbol)] = code);
        Self(codes)
    }

    /// The code of a symbol, of no length when it has none.
    pub(super) fn code(&self, symbol: u8) -> Code {
        self.0[usize::from(symbol)]
    }
}

/// A table to read with.
#[derive(Debug)]
pub(super) struct Reader {
    /// For each length the first sixteen bits that are beyond its codes, and what to add to a code for its symbol's place.
    limits: [(u32, i32); 16],
    symbols: Vec<u8>,
}

impl Reader {
    pub(super) fn of(table: &Table) -> Self {
        let (mut code, mut place) = (0_i32, 0_i32);
        let limits = std::array::from_fn(|index| {
            let count = i32::from(table.lengths[index]);
            let offset = place - code;
            code += count;
            place += count;
            let limit = u32::try_from(code).unwrap_or(0) << (15 - index);
            code <<= 1;
            (limit, offset)
        });
        Self { limits, symbols: table.symbols.clone() }
    }

    /// The symbol that sixteen bits begin with, and the length of its code.
    pub(super) fn symbol(&self, sixteen: u32) -> Option<(u8, u32)> {
        let (length, &(_, offset)) = (1_u32..).zip(&self.limits).find(|(_, (limit, _))| sixteen < *limit)?;
        let place = i32::try_from(sixteen >> (16 - length)).ok()? + offset;
        Some((*self.symbols.get(usize::try_from(place).ok()?)?, length))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn the_best_table_can_be_read(
            counts in proptest::collection::vec((any::<u8>(), 1_u32..0x00ff_ffff, 0..24_u32), 1..256),
        ) {
            let mut all = [0; 256];
            counts.iter().for_each(|&(symbol, count, shift)| all[usize::from(symbol)] = (count >> shift).max(1));
            let table = Table::best(&all);
            let (codes, reader) = (Codes::of(&table), Reader::of(&table));
            let used = all.iter().filter(|&&count| count > 0).count();
            prop_assert_eq!(table.symbols.len(), used);
            prop_assert_eq!(table.lengths.iter().map(|&count| usize::from(count)).sum::<usize>(), used);
            for symbol in (0..=u8::MAX).filter(|&symbol| all[usize::from(symbol)] > 0) {
                let Code { bits, length } = codes.code(symbol);
                prop_assert!((1..=16).contains(&length) && bits + 1 < 1 << length);
                // Whatever follows.
                let shift = 16 - length;
                prop_assert_eq!(reader.symbol(bits << shift), Some((symbol, length)));
                prop_assert_eq!(reader.symbol(bits << shift | ((1 << shift) - 1)), Some((symbol, length)));
            }
        }
    }

    #[test]
    fn what_is_frequent_is_short() {
        let mut counts = [0; 256];
        (counts[3], counts[7], counts[200]) = (100, 10, 1);
        let codes = Codes::of(&Table::best(&counts));
        assert_eq!([3, 7, 200, 9].map(|symbol| codes.code(symbol).length), [1, 2, 3, 0]);
    }
}
