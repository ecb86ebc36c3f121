//! XML documents: what feed and sitemap have in common.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};

/// A document under way, in memory and indented.
pub type Xml = Writer<Vec<u8>>;

/// A whole document: the declaration, whatever `write` writes, and the end of the last line.
pub fn document(write: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    write(&mut xml)?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}
