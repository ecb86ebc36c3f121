//! IPTC-IIM, which agencies wrote, within Photoshop's image resources (IIM 4.2; Adobe Photoshop file formats, image resources).

use super::{Words, text, tidy};

/// The resource that holds a stream of datasets.
const STREAM: u16 = 0x0404;

/// Record 1, dataset 90, and the escape sequence that stands there for UTF-8.
const CHARACTERS: (u8, u8) = (1, 90);
const UTF_8: &[u8] = b"\x1b%G";

const TITLE: (u8, u8) = (2, 5);
const ARTIST: (u8, u8) = (2, 80);
const COPYRIGHT: (u8, u8) = (2, 116);
const DESCRIPTION: (u8, u8) = (2, 120);

/// Reads image resources. What comes after damage is left out.
pub(super) fn read(resources: &[u8]) -> Words {
    let datasets: Vec<Dataset<'_>> = stream(resources).map(datasets).unwrap_or_default();
    let utf_8 = datasets.iter().any(|dataset| dataset.key == CHARACTERS && dataset.value == UTF_8);
    let read = |bytes: &[u8]| if utf_8 { tidy(&String::from_utf8_lossy(bytes)) } else { text(bytes) };
    let all = |key| {
        let values = datasets.iter().filter(|dataset| dataset.key == key);
        let values: Vec<String> = values.filter_map(|dataset| read(dataset.value)).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    Words {
        title: all(TITLE),
        description: all(DESCRIPTION),
        copyright: all(COPYRIGHT),
        artist: all(ARTIST),
        alt: None,
    }
}

/// The data of the resource that is asked for: `8BIM`, a number, a name of even length, a length, data of even length.
fn stream(mut resources: &[u8]) -> Option<&[u8]> {
    loop {
        let &[id1, id0, name, ..] = resources.strip_prefix(b"8BIM")? else { return None };
        let name = (usize::from(name) + 1).next_multiple_of(2);
        let rest = resources.get(6 + name..)?;
        let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
        let data = rest.get(4..)?.get(..length)?;
        if u16::from_be_bytes([id1, id0]) == STREAM {
            return Some(data);
        }
        resources = rest.get(4 + length.next_multiple_of(2)..)?;
    }
}

/// A value under its record and number.
struct Dataset<'a> {
    key: (u8, u8),
    value: &'a [u8],
}

/// A tag marker, record, number, length and value each (IIM 4.2, 1.5); lengths of more than 15 bits are not in use for text.
fn datasets(mut stream: &[u8]) -> Vec<Dataset<'_>> {
    let mut datasets = Vec::new();
    while let &[0x1c, record, number, length1, length0, ref rest @ ..] = stream {
        let length = usize::from(u16::from_be_bytes([length1, length0]));
        let Some((value, after)) = rest.split_at_checked(length) else { break };
        datasets.push(Dataset { key: (record, number), value });
        stream = after;
    }
    datasets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(datasets: &[(u8, u8, &[u8])]) -> Vec<u8> {
        let length = |bytes: &[u8]| u16::try_from(bytes.len()).expect("short").to_be_bytes();
        let stream: Vec<u8> = datasets
            .iter()
            .flat_map(|&(record, number, value)| [&[0x1c, record, number], &length(value)[..], value].concat())
            .collect();
        // A resource with a name and odd data comes first.
        let before = b"8BIM\x03\xed\x03abc\0\0\0\x01z\0";
        [before, &b"8BIM\x04\x04\0\0\0\0"[..], &length(&stream), &stream].concat()
    }

    #[test]
    fn words_are_found_behind_other_resources() {
        let words = read(&resources(&[
            (2, 0, b"\0\x02"),
            (2, 5, b"A pier"),
            (2, 80, b"Ada"),
            (2, 80, b"Grace"),
            (2, 120, b"M\xfcller's"),
        ]));
        let expected = Words {
            title: Some("A pier".to_owned()),
            description: Some("Müller's".to_owned()),
            copyright: None,
            artist: Some("Ada, Grace".to_owned()),
            alt: None,
        };
        assert_eq!(words, expected);
    }

    #[test]
    fn utf_8_is_believed_when_it_is_declared() {
        let words = read(&resources(&[(1, 90, UTF_8), (2, 116, "© Ada".as_bytes())]));
        assert_eq!(words.copyright.as_deref(), Some("© Ada"));
    }

    #[test]
    fn what_is_cut_off_tells_what_it_has() {
        let whole = resources(&[(2, 5, b"A pier")]);
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), Words::default());
        }
        assert_eq!(read(&whole).title.as_deref(), Some("A pier"));
    }
}
