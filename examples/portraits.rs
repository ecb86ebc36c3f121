//! Draws the pictures of this site's album "Portraits of a ring": `cargo run --example portraits`.

use std::error::Error;
use std::fs;
use std::path::Path;

use genblog::rendering::raster::rasterise;
use sim::telling::player::Player;
use sim::telling::story::Layout;
use sim::telling::svg::Ink;

const PORTRAITS: [(&str, &str); 8] = [
    ("01-empty", "ring=v1.one-request.n0"),
    ("02-first-request", "ring=v1.one-request.n2"),
    ("03-burst", "ring=v1.burst.n5"),
    ("04-in-flight", "ring=v1.burst.n9"),
    ("05-answers", "ring=v1.burst.n12"),
    ("06-wrap", "ring=v1.wrap.n16"),
    ("07-full", "ring=v1.stops.n12"),
    ("08-life-of-a-packet", "packet=v1.full-size.n19"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let album = Path::new(env!("CARGO_MANIFEST_DIR")).join("content/gallery/portraits-of-a-ring");
    for (name, state) in PORTRAITS {
        let player = Player::open(state).map_err(|error| format!("{state}: {error}"))?;
        let picture = rasterise(&player.svg(Layout::Wide, Ink::Light))?;
        fs::write(album.join(name).with_extension("png"), picture)?;
    }
    Ok(())
}
