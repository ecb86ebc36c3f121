//! XMP, which programs write (ISO 16684-1): four properties of Dublin Core, and IPTC's alternative text.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::{Words, tidy};

const DUBLIN_CORE: Namespace<'_> = Namespace("http://purl.org/dc/elements/1.1/");
/// IPTC Photo Metadata Standard 2021.1, "Alt Text (Accessibility)".
const IPTC_CORE: Namespace<'_> = Namespace("http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/");
const RDF: Namespace<'_> = Namespace("http://www.w3.org/1999/02/22-rdf-syntax-ns#");

/// A property, and its items with whether each is in the language that stands for none.
struct Property {
    name: String,
    items: Vec<(Language, String)>,
    /// Text of the item that is open, or of the property when it has no items, as it should not.
    text: String,
    language: Language,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    /// `x-default`.
    Default,
    Other,
}

/// Whether a packet tells coordinates, as attributes or as elements (Exif 2.32 metadata for XMP, CIPA DC-010).
pub(super) fn tells_place(packet: &[u8]) -> bool {
    let has = |name: &[u8]| packet.windows(name.len()).any(|window| window == name);
    has(b"GPSLatitude") || has(b"GPSLongitude")
}

/// Reads a packet. What comes after damage is left out.
pub(super) fn read(packet: &[u8]) -> Words {
    let packet = String::from_utf8_lossy(packet);
    let mut reader = NsReader::from_str(packet.trim_start_matches('\u{feff}'));
    let mut words = Words::default();
    let mut property: Option<Property> = None;
    loop {
        let Ok((namespace, event)) = reader.read_resolved_event() else { return words };
        let within = |expected| matches!(namespace, ResolveResult::Bound(bound) if bound == expected);
        let property_here = within(DUBLIN_CORE) || within(IPTC_CORE);
        match (event, &mut property) {
            (Event::Eof, _) => return words,
            (Event::Start(start), None) if property_here => {
                let name = start.local_name().as_ref().to_owned();
                property = Some(Property { name, items: Vec::new(), text: String::new(), language: Language::Other });
            }
            (Event::Start(start), Some(open)) if within(RDF) && start.local_name().as_ref() == "li" => {
                open.text.clear();
                open.language = language(&start);
            }
            (Event::End(end), Some(open)) if within(RDF) && end.local_name().as_ref() == "li" => {
                open.items.extend(tidy(&open.text).map(|text| (open.language, text)));
                open.text.clear();
            }
            (Event::End(_), Some(_)) if property_here => {
                property.take().into_iter().for_each(|closed| closed.put(&mut words));
            }
            (Event::Text(text), Some(open)) => open.text.push_str(&text.xml10_content()),
            (Event::CData(text), Some(open)) => open.text.push_str(&text.xml10_content()),
            (Event::GeneralRef(reference), Some(open)) => open.text.extend(resolve(&reference)),
            _ => {}
        }
    }
}

impl Property {
    /// Into its place, when it has one. Of languages the default is taken, or else the first; creators are all named.
    fn put(mut self, words: &mut Words) {
        if self.items.is_empty() {
            self.items.extend(tidy(&self.text).map(|text| (Language::Other, text)));
        }
        let place = match &*self.name {
            "title" => &mut words.title,
            "description" => &mut words.description,
            "AltTextAccessibility" => &mut words.alt,
            "rights" => &mut words.copyright,
            "creator" => {
                let names: Vec<String> = self.items.into_iter().map(|(_, name)| name).collect();
                words.artist = (!names.is_empty()).then(|| names.join(", "));
                return;
            }
            _ => return,
        };
        let default = self.items.iter().position(|(language, _)| *language == Language::Default);
        *place = self.items.into_iter().nth(default.unwrap_or(0)).map(|(_, text)| text);
    }
}

fn language(start: &BytesStart<'_>) -> Language {
    let mut attributes = start.attributes().filter_map(Result::ok);
    let default = attributes.any(|one| one.key.as_ref() == "xml:lang" && &*one.value == "x-default");
    if default { Language::Default } else { Language::Other }
}

/// A character reference, or one of XML's five entities.
fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character),
        _ => resolve_predefined_entity(reference).and_then(|text| text.chars().next()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:core="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
 exif:GPSLatitude="59,20.1N">
<core:title><rdf:Alt><rdf:li xml:lang="sv">En brygga</rdf:li><rdf:li xml:lang="x-default">A pier</rdf:li></rdf:Alt></core:title>
<core:description><rdf:Alt><rdf:li xml:lang="en">Sea &amp; sky &#169;</rdf:li></rdf:Alt></core:description>
<Iptc4xmpCore:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="x-default">Planks over water</rdf:li></rdf:Alt></Iptc4xmpCore:AltTextAccessibility>
<core:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Grace</rdf:li></rdf:Seq></core:creator>
<core:rights>CC BY</core:rights><core:format>image/jpeg</core:format>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#;

    #[test]
    fn dublin_core_is_read_by_its_namespace() {
        let expected = Words {
            title: Some("A pier".to_owned()),
            description: Some("Sea & sky ©".to_owned()),
            copyright: Some("CC BY".to_owned()),
            artist: Some("Ada, Grace".to_owned()),
            alt: Some("Planks over water".to_owned()),
        };
        assert_eq!(read(PACKET.as_bytes()), expected);
    }

    #[test]
    fn what_comes_before_damage_is_kept() {
        let damaged = PACKET.replace("<core:creator>", "<core:creator></wrong>");
        assert_eq!(read(damaged.as_bytes()).title.as_deref(), Some("A pier"));
        assert_eq!(read(damaged.as_bytes()).artist, None);
    }
}
