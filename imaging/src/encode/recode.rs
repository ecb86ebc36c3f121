//! A JPEG in one scan under the best Huffman tables: [`recode`], which changes no coefficient.
//!
//! The encoder optimises tables only when it writes a scan for each colour. That is lawful (ITU T.81, A.2), but few programs do
//! it, and some readers make noise of it (zune-jpeg 0.5.15, issue 422). So it writes one scan under the tables that the standard
//! has for examples, and here each symbol gets another code: 3 to 8 % less, and a fifth less for a thumbnail.

use super::huffman::{Code, Codes, Reader, Table};

const FRAME: u8 = 0xc0;
const TABLES: u8 = 0xc4;
const SCAN: u8 = 0xda;
const END: [u8; 2] = [0xff, 0xd9];

/// Tables that a scan has: DC of light, DC of colours, AC of light, AC of colours.
const COUNT: usize = 4;

/// The same picture under its own tables. `None` when the file is not as the encoder writes them: then it is as good as it was.
pub(super) fn recode(file: &[u8]) -> Option<Vec<u8>> {
    let parts = split(file)?;
    let symbols = read(&parts)?;
    let mut counts = [[0; 256]; COUNT];
    symbols.iter().for_each(|symbol| counts[symbol.table()][usize::from(symbol.value())] += 1);
    let tables: Vec<Option<Table>> =
        counts.iter().map(|counts| counts.iter().any(|&count| count > 0).then(|| Table::best(counts))).collect();
    let mut made = parts.before.clone();
    for (table, number) in tables.iter().zip(0..) {
        made.extend(table.iter().flat_map(|table| segment(table, number)));
    }
    made.extend(parts.scan_header);
    write(&symbols, &tables, &mut made);
    made.extend(END);
    Some(made)
}

/// A file, taken apart.
struct Parts<'a> {
    /// Everything before the scan but the tables.
    before: Vec<u8>,
    tables: [Option<Table>; COUNT],
    /// Which tables each block of a unit is coded with, DC and AC, and how many units there are.
    unit: Vec<(usize, usize)>,
    units: usize,
    scan_header: &'a [u8],
    /// The scan's bits, without the zeros that are stuffed in.
    bits: Vec<u8>,
}

fn split(file: &[u8]) -> Option<Parts<'_>> {
    let mut before = file.get(..2)?.to_vec();
    let mut tables = [const { None }; COUNT];
    let mut frame: Option<&[u8]> = None;
    let mut rest = file.strip_suffix(&END)?.get(2..)?;
    loop {
        let &[0xff, marker, length1, length0] = rest.first_chunk()? else { return None };
        let length = usize::from(u16::from_be_bytes([length1, length0]));
        let (segment, after) = rest.split_at_checked(length + 2)?;
        let body = segment.get(4..)?;
        rest = after;
        match marker {
            TABLES => parse_tables(body, &mut tables)?,
            SCAN => {
                let (unit, units) = units(frame?, body)?;
                return Some(Parts { before, tables, unit, units, scan_header: segment, bits: unstuffed(after) });
            }
            FRAME => {
                frame = Some(body);
                before.extend(segment);
            }
            _ => before.extend(segment),
        }
    }
}

fn parse_tables(mut body: &[u8], tables: &mut [Option<Table>; COUNT]) -> Option<()> {
    while let [kind, rest @ ..] = body {
        let (table, after) = Table::parse(rest)?;
        *tables.get_mut(place(kind >> 4, kind & 15)?)? = Some(table);
        body = after;
    }
    Some(())
}

/// A table's place among the four: class 0 is DC.
fn place(class: u8, number: u8) -> Option<usize> {
    (class < 2 && number < 2).then_some(usize::from(class * 2 + number))
}

/// The blocks of a unit and the number of units, from frame and scan headers (ITU T.81, B.2.2, B.2.3 and A.2.3).
fn units(frame: &[u8], scan: &[u8]) -> Option<(Vec<(usize, usize)>, usize)> {
    let &[_, height1, height0, width1, width0, count] = frame.first_chunk()?;
    let (components, _) = frame.get(6..)?.as_chunks::<3>();
    let (selectors, _) = scan.get(1..)?.as_chunks::<2>();
    let count = usize::from(count);
    if components.len() != count || usize::from(*scan.first()?) != count || selectors.len() < count {
        return None;
    }
    let widest = components.iter().map(|component| component[1] >> 4).max().filter(|&most| most > 0)?;
    let highest = components.iter().map(|component| component[1] & 15).max().filter(|&most| most > 0)?;
    let mut unit = Vec::new();
    for ([identifier, sampling, _], [selected, tables]) in components.iter().zip(selectors) {
        if identifier != selected {
            return None;
        }
        let blocks = usize::from(sampling >> 4) * usize::from(sampling & 15);
        unit.extend(vec![(place(0, tables >> 4)?, place(1, tables & 15)?); blocks]);
    }
    let (width, height) = (u16::from_be_bytes([width1, width0]), u16::from_be_bytes([height1, height0]));
    let across = usize::from(width).div_ceil(8 * usize::from(widest));
    Some((unit, across * usize::from(height).div_ceil(8 * usize::from(highest))))
}

/// A zero follows each byte of ones (ITU T.81, B.1.1.5).
fn unstuffed(scan: &[u8]) -> Vec<u8> {
    let mut bits = Vec::with_capacity(scan.len());
    let mut last = 0;
    for &byte in scan {
        if (last, byte) != (0xff, 0) {
            bits.push(byte);
        }
        last = byte;
    }
    bits
}

/// A symbol with its table and the bits that follow it, as many as the symbol's lower half says, in one number.
#[derive(Clone, Copy)]
struct Symbol(u32);

impl Symbol {
    fn table(self) -> usize {
        (self.0 >> 24) as usize
    }

    fn value(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    fn more(self) -> Code {
        Code { bits: self.0 & 0xffff, length: u32::from(self.value() & 15) }
    }
}

/// All symbols of a scan, in their order.
fn read(parts: &Parts<'_>) -> Option<Vec<Symbol>> {
    let readers = parts.tables.each_ref().map(|table| table.as_ref().map(Reader::of));
    let mut symbols = Vec::with_capacity(parts.bits.len());
    let mut bits = Bits { bytes: &parts.bits, held: 0, count: 0 };
    let mut next = |table: usize| {
        let (value, length) = readers[table].as_ref()?.symbol(bits.peek())?;
        bits.skip(length);
        let more = u32::from(value & 15);
        let following = if more == 0 { 0 } else { bits.peek() >> (16 - more) };
        bits.skip(more);
        let tag = u32::try_from(table).ok()? << 24;
        symbols.push(Symbol(tag | u32::from(value) << 16 | following));
        Some(value)
    };
    for _ in 0..parts.units {
        for &(dc, ac) in &parts.unit {
            next(dc)?;
            // Zeros to skip in the upper half; no more follow when both are zero (ITU T.81, F.1.2.2).
            let mut place = 1;
            while place < 64 {
                match next(ac)? {
                    0 => break,
                    value => place += usize::from(value >> 4) + 1,
                }
            }
        }
    }
    Some(symbols)
}

/// Bytes as bits, the highest first; ones follow the last.
struct Bits<'a> {
    bytes: &'a [u8],
    held: u64,
    count: u32,
}

impl Bits<'_> {
    /// The next sixteen bits.
    fn peek(&mut self) -> u32 {
        while self.count < 16 {
            let byte = match self.bytes {
                [] => 0xff,
                [byte, rest @ ..] => {
                    self.bytes = rest;
                    *byte
                }
            };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
        let sixteen = (self.held >> (self.count - 16)) & 0xffff;
        u32::try_from(sixteen).expect("sixteen bits")
    }

    fn skip(&mut self, count: u32) {
        self.count -= count;
    }
}

/// A segment that defines a table.
fn segment(table: &Table, place: u8) -> Vec<u8> {
    let length = u16::try_from(table.symbols.len() + 19).expect("at most 256 symbols");
    let kind = (place >> 1) << 4 | (place & 1);
    [&[0xff, TABLES], &length.to_be_bytes()[..], &[kind], &table.lengths, &table.symbols].concat()
}

/// Symbols as bits, filled up with ones to a byte.
fn write(symbols: &[Symbol], tables: &[Option<Table>], into: &mut Vec<u8>) {
    let codes: Vec<Option<Codes>> = tables.iter().map(|table| table.as_ref().map(Codes::of)).collect();
    let (mut held, mut count) = (0_u64, 0);
    let mut put = |Code { bits, length }: Code| {
        held = held << length | u64::from(bits);
        count += length;
        while count >= 8 {
            count -= 8;
            let byte = (held >> count).to_le_bytes()[0];
            into.push(byte);
            if byte == 0xff {
                into.push(0);
            }
        }
    };
    for &symbol in symbols {
        let code = codes[symbol.table()].as_ref().map(|codes| codes.code(symbol.value()));
        put(code.unwrap_or_default());
        put(symbol.more());
    }
    put(Code { bits: 0x7f, length: 7 });
}

#[cfg(test)]
mod tests {
    use jpeg_encoder::{ColorType, Encoder};

    use super::*;

    fn encoded(quality: u8, (width, height): (u16, u16), colours: ColorType, optimised: bool) -> Vec<u8> {
        let mut random = 1_u32;
        let samples = usize::from(width) * usize::from(height) * if colours == ColorType::Rgb { 3 } else { 1 };
        let picture: Vec<u8> = (0..samples)
            .map(|at| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (random >> 27) as u8 + (at / 700 % 200) as u8
            })
            .collect();
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, quality);
        encoder.set_optimized_huffman_tables(optimised);
        encoder.encode(&picture, width, height, colours).expect("encodes");
        file
    }

    fn pixels(file: &[u8]) -> Vec<u8> {
        jpeg_decoder::Decoder::new(file).decode().expect("sound")
    }

    #[test]
    fn other_codes_are_the_same_picture_in_less() {
        for quality in [1, 30, 80, 89, 90, 100] {
            for size in [(1, 1), (7, 9), (16, 16), (17, 33), (640, 1), (320, 240)] {
                for colours in [ColorType::Rgb, ColorType::Luma] {
                    let before = encoded(quality, size, colours, false);
                    let after = recode(&before).expect("as the encoder writes them");
                    assert_eq!(pixels(&after), pixels(&before), "{quality} {size:?} {colours:?}");
                    assert!(after.len() < before.len(), "{quality} {size:?} {colours:?}");
                    // Of one colour the encoder writes one scan too. Other codes of the same lengths have other bytes of ones, which
                    // zeros are stuffed behind.
                    let theirs = encoded(quality, size, colours, true).len();
                    assert!(
                        colours != ColorType::Luma || after.len() <= theirs + 4 + theirs / 100,
                        "{quality} {size:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_written_otherwise_is_left_alone() {
        let file = encoded(80, (40, 30), ColorType::Rgb, false);
        assert_eq!(recode(b""), None);
        assert_eq!(recode(&file[..file.len() - 1]), None);
        // A scan for each colour.
        assert_eq!(recode(&encoded(80, (40, 30), ColorType::Rgb, true)), None);
    }
}
