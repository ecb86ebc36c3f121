//! AVIF and HEIC without what cameras wrote. Nothing in the file moves: boxes become free space, notes become empty ones of the same
//! length.
//!
//! Such a file is a list of boxes (ISO/IEC 14496-12, 4.2). One of them, `meta`, lists items: the picture, and perhaps an EXIF block
//! and an XMP packet (ISO/IEC 23008-12, annex A), and says where in the file each lies.

use std::ops::Range;

/// The file without EXIF and XMP, and without boxes that no picture needs, or `None` when its structure is damaged.
pub(crate) fn without_metadata(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let mut emptied = Emptied::default();
    for found in boxes(&bytes, 0..bytes.len())? {
        match &found.kind {
            b"meta" => of_items(&bytes, found.body, &mut emptied)?,
            b"moov" => of_film(&bytes, found.body, &mut emptied)?,
            // What a picture or a film is made of.
            b"ftyp" | b"mdat" | b"moof" | b"sidx" => {}
            // Programs put XMP, films and whatever they like elsewhere.
            _ => emptied.boxes.push(found),
        }
    }
    for Found { kind_at, body, .. } in emptied.boxes {
        bytes.get_mut(kind_at..)?.first_chunk_mut().map(|kind: &mut [u8; 4]| *kind = *b"free")?;
        bytes.get_mut(body)?.fill(0);
    }
    for packet in emptied.packets {
        bytes.get_mut(packet)?.fill(0);
    }
    for block in emptied.blocks {
        let block = bytes.get_mut(block)?;
        block.fill(0);
        // Some programs refuse a file whose EXIF is none.
        if let Some(start) = block.first_chunk_mut() {
            *start = NO_EXIF;
        }
    }
    Some(bytes)
}

/// An EXIF block without a tag as it stands in an item: where in what follows its header is, the header, and a list of none.
const NO_EXIF: [u8; 18] = *b"\0\0\0\0II*\0\x08\0\0\0\0\0\0\0\0\0";

/// What becomes empty.
#[derive(Debug, Default)]
struct Emptied {
    /// They become free space.
    boxes: Vec<Found>,
    /// Where XMP lies.
    packets: Vec<Range<usize>>,
    /// Where EXIF lies.
    blocks: Vec<Range<usize>>,
}

/// A box of a file.
#[derive(Debug)]
struct Found {
    kind: [u8; 4],
    /// Where its kind is written.
    kind_at: usize,
    body: Range<usize>,
}

/// The boxes within a range of a file.
fn boxes(bytes: &[u8], within: Range<usize>) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    let mut at = within.start;
    while at < within.end {
        let mut reader = Reader { bytes, at };
        let length = reader.number(4)?;
        let kind_at = reader.at;
        let kind = reader.kind()?;
        let end = match length {
            // Up to the end.
            0 => within.end,
            1 => at.checked_add(reader.number(8)?)?,
            _ => at.checked_add(length)?,
        };
        if end > within.end || end < reader.at {
            return None;
        }
        found.push(Found { kind, kind_at, body: reader.at..end });
        at = end;
    }
    Some(found)
}

/// Notes about a film and its tracks (ISO/IEC 14496-12, 8.10 and 8.11), by the body of a `moov` box.
fn of_film(bytes: &[u8], film: Range<usize>, emptied: &mut Emptied) -> Option<()> {
    for found in boxes(bytes, film)? {
        match &found.kind {
            b"udta" | b"meta" | b"uuid" => emptied.boxes.push(found),
            b"trak" => {
                let of_track = boxes(bytes, found.body)?;
                let notes = of_track.into_iter().filter(|found| matches!(&found.kind, b"udta" | b"meta" | b"uuid"));
                emptied.boxes.extend(notes);
            }
            _ => {}
        }
    }
    Some(())
}

/// The bytes of EXIF and XMP, by the body of a `meta` box.
fn of_items(bytes: &[u8], meta: Range<usize>, emptied: &mut Emptied) -> Option<()> {
    // Version and flags come first.
    let parts = boxes(bytes, meta.start.checked_add(4)?..meta.end)?;
    let part = |wanted: &[u8; 4]| parts.iter().find(|found| &found.kind == wanted).map(|found| found.body.clone());
    let Notes { blocks, packets } = part(b"iinf").map_or(Some(Notes::default()), |body| notes(bytes, body))?;
    if blocks.is_empty() && packets.is_empty() {
        return Some(());
    }
    let (body, inside) = (part(b"iloc")?, part(b"idat").map_or(0, |body| body.start));
    emptied.blocks.extend(places(bytes, body.clone(), &blocks, inside)?);
    emptied.packets.extend(places(bytes, body, &packets, inside)?);
    Some(())
}

/// Numbers of items.
#[derive(Debug, Default)]
struct Notes {
    /// EXIF.
    blocks: Vec<usize>,
    /// XMP.
    packets: Vec<usize>,
}

/// Numbers of the items that are EXIF or XMP (ISO/IEC 14496-12, 8.11.6).
fn notes(bytes: &[u8], body: Range<usize>) -> Option<Notes> {
    let mut reader = Reader { bytes, at: body.start };
    let version = reader.number(4)? >> 24;
    reader.number(if version == 0 { 2 } else { 4 })?;
    let mut notes = Notes::default();
    for found in boxes(bytes, reader.at..body.end)? {
        let mut reader = Reader { bytes, at: found.body.start };
        let version = reader.number(4)? >> 24;
        if &found.kind != b"infe" || version < 2 {
            continue;
        }
        let item = reader.number(if version == 2 { 2 } else { 4 })?;
        reader.number(2)?;
        match &reader.kind()? {
            b"Exif" => notes.blocks.push(item),
            b"mime" => notes.packets.push(item),
            _ => {}
        }
    }
    Some(notes)
}

/// Where items lie in the file (ISO/IEC 14496-12, 8.11.3); `inside` is where what lies in the `meta` box itself starts.
fn places(bytes: &[u8], body: Range<usize>, items: &[usize], inside: usize) -> Option<Vec<Range<usize>>> {
    let mut reader = Reader { bytes, at: body.start };
    let version = reader.number(4)? >> 24;
    let sizes = reader.number(2)?;
    let (offset, length, base, index) = (sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15);
    let mut places = Vec::new();
    for _ in 0..reader.number(if version < 2 { 2 } else { 4 })? {
        let item = reader.number(if version < 2 { 2 } else { 4 })?;
        let method = if version == 0 { 0 } else { reader.number(2)? & 15 };
        reader.number(2)?;
        let start = reader.number(base)?.checked_add(if method == 1 { inside } else { 0 })?;
        for _ in 0..reader.number(2)? {
            if version > 0 {
                reader.number(index)?;
            }
            let start = start.checked_add(reader.number(offset)?)?;
            let length = reader.number(length)?;
            if !items.contains(&item) {
                continue;
            }
            // A length of 0 is that of all that there is, which is not told apart from the picture here; method 2 lies in other items.
            if length == 0 || method > 1 {
                return None;
            }
            places.push(start..start.checked_add(length)?);
        }
    }
    Some(places)
}

/// Reads numbers with the most significant byte first.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// A number of at most eight bytes; none of them is 0.
    fn number(&mut self, length: usize) -> Option<usize> {
        let read = self.bytes.get(self.at..self.at.checked_add(length)?).filter(|_| length <= 8)?;
        self.at += length;
        usize::try_from(read.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))).ok()
    }

    fn kind(&mut self) -> Option<[u8; 4]> {
        let &kind = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += 4;
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).expect("short");
        [&length.to_be_bytes(), kind.as_slice(), body].concat()
    }

    /// A file of three items: a picture, EXIF in the file and XMP in the `meta` box.
    fn file_of(brand: &[u8; 4]) -> Vec<u8> {
        let entry = |item: u8, kind: &[u8; 4]| {
            let content: &[u8] = if kind == b"mime" { b"\0application/rdf+xml\0" } else { b"\0" };
            boxed(b"infe", &[&[2, 0, 0, 0, 0, item, 0, 0], kind.as_slice(), content].concat())
        };
        let entries = [entry(1, b"av01"), entry(2, b"Exif"), entry(3, b"mime")].concat();
        let items = boxed(b"iinf", &[&[0, 0, 0, 0, 0, 3], entries.as_slice()].concat());
        let inside = boxed(b"idat", b"PLACE!");
        let notes = [boxed(b"udta", b"PLACE"), boxed(b"meta", b"PLACE")].concat();
        let film = [boxed(b"trak", &[boxed(b"tkhd", b"TRACK"), notes.clone()].concat()), notes].concat();
        let file = |exif: u32| {
            let place = |item: u8, method: u8, start: u32, length: u32| {
                let ahead = [0, item, 0, method, 0, 0, 0, 1];
                [&ahead, start.to_be_bytes().as_slice(), &length.to_be_bytes()].concat()
            };
            let places = [place(1, 0, exif + 20, 5), place(2, 0, exif, 20), place(3, 1, 0, 6)].concat();
            let places = boxed(b"iloc", &[&[1, 0, 0, 0, 0x44, 0, 0, 3], places.as_slice()].concat());
            let meta = boxed(b"meta", &[&[0; 4], items.as_slice(), &places, &inside].concat());
            [
                boxed(b"ftyp", brand),
                meta,
                boxed(b"moov", &film),
                boxed(b"mdat", b"a block of 15, PLACEPIXEL"),
                boxed(b"uuid", b"PLACE"),
                boxed(b"free", b"PLACE"),
            ]
            .concat()
        };
        let data = file(0).windows(4).position(|window| window == b"mdat").expect("it is there") + 4;
        file(u32::try_from(data).expect("short"))
    }

    #[test]
    fn what_cameras_wrote_is_zeros_and_the_picture_stays() {
        for brand in [b"avif", b"heic"] {
            let bytes = file_of(brand);
            let has = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
            let cleaned = without_metadata(bytes.clone()).expect("sound");
            assert!(has(&bytes, b"PLACE") && has(&cleaned, b"PIXEL") && !has(&cleaned, b"PLACE"));
            assert!(has(&cleaned, b"TRACK") && has(&cleaned, &NO_EXIF) && has(&cleaned, b"\0\0\0\x0dfree\0\0\0\0\0"));
            assert_eq!(cleaned.len(), bytes.len());
        }
    }

    proptest! {
        #[test]
        fn damage_is_no_panic(at in 0..300_usize, byte in any::<u8>(), length in 0..400_usize) {
            let mut bytes = file_of(b"avif");
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(length);
            let _ = without_metadata(bytes);
        }
    }
}
