//! XML documents: what feeds and the sitemap have in common.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::words::characters::{first_illegal, is_legal};

/// A document under way, in memory and indented.
pub type Xml = Writer<Vec<u8>>;

/// A whole document of about so many bytes: the declaration, whatever `write` writes, and the end of the last line.
pub fn document(bytes: usize, write: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::with_capacity(bytes), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    write(&mut xml)?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

/// An element that holds plain text, escaped once.
pub fn write_text(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&without_illegal(text)))?;
    Ok(())
}

/// A text without what XML has no way to write; the writer does not look.
#[must_use]
pub fn without_illegal(text: &str) -> String {
    match first_illegal(text) {
        None => text.to_owned(),
        Some(_) => text.chars().filter(|c| is_legal(*c)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn illegal_characters_are_left_out() {
        assert_eq!(without_illegal("a\u{b}b\u{fffe}\tc\u{1f514}"), "ab\tc\u{1f514}");
    }
}
