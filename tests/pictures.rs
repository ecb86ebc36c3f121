//! Pictures of whole sites: what becomes of each kind of file in a text, and what nobody is told.

mod made;
mod sites;

use std::path::Path;

use genblog::files::kept::{Access, Kept};
use genblog::rendering::plan::plan;
use genblog::rendering::renderer::Renderer;
use genblog::rendering::theme::Theme;
use genblog::running::pipeline::in_order;
use genblog::words::diagnostic::{Diagnostic, render};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, Frame, RgbImage, RgbaImage};
use imaging::{Format, Gate, Limits, Wanted, derive, look};
use made::{Outputs, made};

/// What a site of these texts and pictures becomes, which has nothing wrong with it before they are made.
fn outputs(text: &str, pictures: &[(&str, Vec<u8>)]) -> Result<Outputs, Vec<Diagnostic>> {
    let (outputs, warnings) = planned(text, pictures)?;
    assert_eq!(render(&warnings, false), "");
    Ok(outputs)
}

/// The same, and what its plan warns of.
fn planned(text: &str, pictures: &[(&str, Vec<u8>)]) -> Result<(Outputs, Vec<Diagnostic>), Vec<Diagnostic>> {
    let folder = sites::folder(text);
    for (path, bytes) in pictures {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
        std::fs::write(file, bytes).expect("writable");
    }
    let (site, problems) = sites::site(folder.path());
    assert_eq!(render(&problems, false), "");
    let (site, theme) = (site.expect("a sound configuration"), Theme::new(&[]).expect("a sound theme"));
    let (made, warnings) = made(&site, &theme);
    Ok((made?, warnings))
}

/// The site of one post whose text is `html`, with pictures beside it.
fn post(text: &str, pictures: &[(&str, Vec<u8>)]) -> Outputs {
    let site = format!("--- content/posts/2026-11-20-a/index.md\n+++\ntitle = \"A\"\n+++\n{text}\n");
    let beside: Vec<(String, Vec<u8>)> =
        pictures.iter().map(|(name, bytes)| (format!("content/posts/2026-11-20-a/{name}"), bytes.clone())).collect();
    let beside: Vec<(&str, Vec<u8>)> = beside.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    outputs(&site, &beside).unwrap_or_else(|problems| panic!("{}", render(&problems, false)))
}

fn page<'o>(outputs: &'o Outputs, file: &str) -> &'o str {
    std::str::from_utf8(&outputs[file]).expect("text")
}

/// The text of the post's page.
fn prose(outputs: &Outputs) -> &str {
    let page = page(outputs, "posts/a/index.html");
    let (_, prose) = page.split_once("<div class=\"prose column e-content\">").expect("a text");
    prose.split_once("</div>").expect("its end").0.trim()
}

/// Noise as a camera's, always the same.
fn noise(width: u32, height: u32) -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 27) as u8;
        image::Rgb([(x * 200 / width) as u8 + grain, (y * 200 / height) as u8 + grain, 90 + grain])
    })
}

/// Lines on one colour.
fn drawn(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(
        width,
        height,
        |x, y| if x % 40 == 0 || y % 40 == 0 { image::Rgb([0; 3]) } else { image::Rgb([250; 3]) },
    )
}

/// Lines, and a photograph among them: a drawing with many bytes.
fn mixed(width: u32, height: u32) -> RgbImage {
    let mut image = drawn(width, height);
    image::imageops::replace(&mut image, &noise(width, height * 2 / 7), 0, 0);
    image
}

fn jpeg(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.into().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 92)).expect("encodes");
    bytes
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.into().write_with_encoder(PngEncoder::new(&mut bytes)).expect("encodes");
    bytes
}

fn webp(image: RgbImage, format: Format) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let wanted = [Wanted { width, height, format }];
    derive(&png(image), &wanted, &Limits::default(), &Gate::new(1 << 30)).expect("a sound picture").remove(0)
}

fn gif(frames: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    let frame = RgbaImage::from_pixel(300, 200, image::Rgba([9, 8, 7, 255]));
    (0..frames).for_each(|_| encoder.encode_frame(Frame::new(frame.clone())).expect("encodes"));
    drop(encoder);
    bytes
}

/// A JPEG in several scans, or of inks.
fn uncommon(colours: jpeg_encoder::ColorType, channels: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.set_progressive(true);
    encoder.encode(&vec![90; 700 * 100 * channels], 700, 100, colours).expect("encodes");
    bytes
}

/// A box of an ISO base media file.
fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).expect("short");
    [&length.to_be_bytes(), kind.as_slice(), body].concat()
}

/// The head of an AVIF of 900 by 600 pixels.
fn avif() -> Vec<u8> {
    let size = [[0; 4], 900_u32.to_be_bytes(), 600_u32.to_be_bytes()].concat();
    let properties = boxed(b"iprp", &boxed(b"ipco", &boxed(b"ispe", &size)));
    [boxed(b"ftyp", b"avif\0\0\0\0avifmif1"), boxed(b"meta", &[[0; 4].as_slice(), &properties].concat())].concat()
}

/// The candidates of every `srcset`, as `ending: widths`. Each is there, and as wide as it says.
fn told(html: &str, outputs: &Outputs) -> String {
    let sets = html.split("srcset=\"").skip(1).map(|rest| rest.split('"').next().expect("an end"));
    let told = sets.map(|set| {
        let mut told = String::new();
        for candidate in set.split(", ") {
            let (address, width) = candidate.split_once(' ').expect("a width");
            let file = address.strip_prefix("/blog/").expect("this site");
            let seen = look(outputs.get(file).unwrap_or_else(|| panic!("no {file}"))).expect("a picture");
            assert_eq!(format!("{}w", seen.width), width, "{address}");
            let ending = file.rsplit('.').next().unwrap_or_default();
            if told.is_empty() {
                told = format!("{ending}:");
            }
            assert!(told.starts_with(ending));
            told.push_str(&format!(" {}", seen.width));
        }
        told
    });
    told.collect::<Vec<_>>().join(", ")
}

#[test]
fn each_kind_of_picture_is_shown_as_what_it_is() {
    let clear = RgbaImage::from_fn(700, 100, |x, y| {
        let [r, g, b] = noise(1, 1).get_pixel(0, 0).0;
        image::Rgba([r.wrapping_add((x * y % 251) as u8), g.wrapping_add((x * 7 + y * 13) as u8), b, (x % 256) as u8])
    });
    let deep = DynamicImage::from(noise(700, 100)).to_rgb16();
    let all = "240 480 640 960 1280";
    let some = "240 480 700";
    for (name, bytes, expected) in [
        ("photo.jpg", jpeg(noise(1600, 200)), format!("webp: {all}, jpg: {all}")),
        ("progressive.jpg", uncommon(jpeg_encoder::ColorType::Rgb, 3), format!("webp: {some}, jpg: {some}")),
        ("inks.jpeg", uncommon(jpeg_encoder::ColorType::Cmyk, 4), format!("webp: {some}, jpg: {some}")),
        ("grey.jpg", jpeg(DynamicImage::from(noise(700, 100)).to_luma8()), format!("webp: {some}, jpg: {some}")),
        ("photo.png", png(noise(700, 100)), format!("webp: {some}, jpg: {some}")),
        ("deep.png", png(deep), format!("webp: {some}, jpg: {some}")),
        ("clear.png", png(clear), format!("webp: {some}, png: {some}")),
        ("screenshot.png", png(mixed(700, 500)), format!("webp: {some}, png: {some}")),
        ("drawing.png", png(drawn(700, 100)), String::new()),
        // What it is and not what it is called.
        ("misnamed.png", jpeg(noise(700, 100)), format!("webp: {some}, jpg: {some}")),
        ("photo.webp", webp(noise(700, 100), Format::WebP { quality: 80 }), format!("webp: {some}")),
        ("drawing.webp", webp(drawn(700, 100), Format::WebPWithoutLoss), String::new()),
        // No WebP is so high.
        ("strip.jpg", jpeg(drawn(500, 17_000)), "jpg: 240 500".to_owned()),
        ("panorama.jpg", jpeg(drawn(4000, 400)), format!("webp: {all}, jpg: {all}")),
        ("small.jpg", jpeg(noise(240, 100)), String::new()),
        ("hardly-larger.jpg", jpeg(noise(280, 100)), String::new()),
        ("still.gif", gif(1), String::new()),
        ("film.gif", gif(2), String::new()),
        ("vectors.svg", b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 900 600'/>".to_vec(), String::new()),
        ("new.avif", avif(), String::new()),
    ] {
        let outputs = post(&format!("![A]({name})"), &[(name, bytes)]);
        let prose = prose(&outputs);
        assert_eq!(told(prose, &outputs), expected, "{name}: {prose}");
        assert!(outputs.contains_key(&format!("posts/a/{name}")), "{name}: links find the whole file");
        assert!(prose.contains(" width=\"") && prose.contains(" height=\"") && prose.contains("alt=\"A\""), "{prose}");
        assert_eq!(prose.contains(&format!("src=\"/blog/posts/a/{name}\"")), expected.is_empty(), "{prose}");
        let made = outputs.keys().filter(|file| file.starts_with("assets/photos/")).count();
        let shown = expected.split_whitespace().filter(|word| !word.ends_with(':')).count();
        assert!(made == shown || expected.is_empty(), "{name}: {made} files for {shown} candidates");
    }
}

#[test]
fn a_text_has_pictures_in_the_sizes_of_its_column() {
    let outputs = post("![A & b](a.jpg \"T\")\n\n![B](a.jpg#right)", &[("a.jpg", jpeg(noise(1600, 1200)))]);
    let name = |file: &str| file.rsplit('/').next().map(str::to_owned);
    let made: Vec<String> =
        outputs.keys().filter(|file| file.starts_with("assets/photos/")).filter_map(|file| name(file)).collect();
    assert_eq!(made.len(), 10, "what stands in two places is made once: {made:?}");
    let of = |ending: &str| {
        made.iter().find(|name| name.ends_with(ending)).and_then(|name| name.split('.').nth(1)).expect("made")
    };
    let set = |ending: &str| {
        let candidate = |width: &u32| format!("/blog/assets/photos/a.{}.{width}.{ending} {width}w", of(ending));
        [240, 480, 640, 960, 1280].iter().map(candidate).collect::<Vec<_>>().join(", ")
    };
    let (jpegs, webp) = (set("jpg"), set("webp"));
    let largest = format!("/blog/assets/photos/a.{}.1280.jpg", of("jpg"));
    let (column, beside) =
        ("(min-width: 680px) 640px, calc(100vw - 40px)", "(min-width: 573px) 240px, calc(45vw - 18px)");
    let expected = format!(
        "<p><picture><source type=\"image/webp\" srcset=\"{webp}\" sizes=\"{column}\"><img src=\"{largest}\" alt=\"A &amp; b\" \
         width=\"1600\" height=\"1200\" title=\"T\" decoding=\"async\" srcset=\"{jpegs}\" sizes=\"{column}\"></picture></p>\n\
         <p><a href=\"/blog/posts/a/a.jpg\"><picture><source type=\"image/webp\" srcset=\"{webp}\" sizes=\"{beside}\"><img \
         src=\"{largest}\" alt=\"B\" width=\"240\" height=\"180\" class=\"right\" decoding=\"async\" \
         loading=\"lazy\" srcset=\"{jpegs}\" sizes=\"{beside}\"></picture></a></p>"
    );
    assert_eq!(prose(&outputs), expected);
    // Readers of feeds get the author's file, in an element that all of them know.
    let feed = page(&outputs, "feed.xml");
    let item = "<img src=\"https://example.org/blog/posts/a/a.jpg\" alt=\"A &amp; b\" width=\"1600\" height=\"1200\" title=\"T\">";
    assert!(feed.contains(item) && !feed.contains("srcset") && !feed.contains("<source"), "{feed}");
}

#[test]
fn html_of_authors_keeps_what_they_wrote() {
    let short = |html: &str| {
        let mut short = String::new();
        let mut rest = html;
        while let Some((before, after)) = rest.split_once("/blog/assets/photos/a.") {
            let end = after.find([' ', '"']).expect("an end");
            let file = &after[..end];
            short.push_str(before);
            short.push_str(&file[17..]);
            rest = &after[end..];
        }
        short + rest
    };
    let webp = "240.webp 240w, 480.webp 480w, 700.webp 700w";
    let jpegs = "240.jpg 240w, 480.jpg 480w, 700.jpg 700w";
    let shown = |attributes: &str, sizes: &str| {
        let source = format!("<source type=\"image/webp\" srcset=\"{webp}\" sizes=\"{sizes}\">");
        format!("<picture>{source}<img {attributes} srcset=\"{jpegs}\" sizes=\"{sizes}\"></picture>")
    };
    let column = "(min-width: 680px) 640px, calc(100vw - 40px)";
    for (html, expected) in [
        ("<img src=a.jpg alt=A>", shown("src=\"700.jpg\" alt=A width=\"700\" height=\"500\"", column)),
        (
            "<IMG SRC='a.jpg' alt='' width=300 style='x' title=\"T\" class='big'>",
            shown(
                "SRC=\"700.jpg\" alt='' width=300 style='x' title=\"T\" class='big'",
                "(min-width: 340px) 300px, calc(100vw - 40px)",
            )
            .replace("<img", "<IMG"),
        ),
        (
            "<img src=a.jpg alt=A height=100 align=Left loading=eager>",
            shown(
                "src=\"700.jpg\" alt=A height=100 align=Left loading=eager class=\"left\"",
                "(min-width: 351px) 140px, calc(45vw - 18px)",
            ),
        ),
        (
            "<img src=a.jpg alt=A sizes=\"9vw\" width=9>",
            shown("src=\"700.jpg\" alt=A sizes=\"9vw\" width=9", "9vw")
                .replace(" sizes=\"9vw\"></picture>", "></picture>"),
        ),
        (
            "<img src=a.jpg alt=A width=200 align=right class='big'>",
            shown(
                "src=\"700.jpg\" alt=A width=200 align=right class=\"big right\"",
                "(min-width: 484px) 200px, calc(45vw - 18px)",
            ),
        ),
        (
            "<img src=\"https://b.example/a.jpg\" alt=A align=left>",
            "<img src=\"https://b.example/a.jpg\" alt=A align=left>".to_owned(),
        ),
        (
            "<img src=a.jpg alt=A width=9 srcset='a.jpg 2x'>",
            "<img src=\"/blog/posts/a/a.jpg\" alt=A width=9 srcset=\"/blog/posts/a/a.jpg 2x\">".to_owned(),
        ),
        (
            "<picture><source srcset=\"a.jpg\"><img src=a.jpg alt=A width=9></picture>",
            "<picture><source srcset=\"/blog/posts/a/a.jpg\"><img src=\"/blog/posts/a/a.jpg\" alt=A width=9></picture>"
                .to_owned(),
        ),
        (
            "<img src=\"https://example.org/blog/posts/a/a.jpg\" alt=A width=700>",
            shown("src=\"700.jpg\" alt=A width=700", column),
        ),
        ("<img src=\"https://b.example/a.jpg\" alt=A>", "<img src=\"https://b.example/a.jpg\" alt=A>".to_owned()),
        (
            "<img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\" alt=A>",
            "<img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\" alt=A>".to_owned(),
        ),
    ] {
        let outputs = post(&format!("<div>{html}</div>"), &[("a.jpg", jpeg(noise(700, 500)))]);
        let prose = page(&outputs, "posts/a/index.html");
        let (_, prose) = prose.split_once("<div class=\"prose column e-content\">\n<div>").expect("a text");
        assert_eq!(short(prose.split_once("</div>").expect("its end").0), expected, "{html}");
    }
}

#[test]
fn the_first_picture_of_a_page_does_not_wait() {
    let site = "--- content/posts/2026-11-20-a/index.md\n+++\ntitle = \"A\"\n+++\n![A](a.jpg) <img src=a.jpg alt=B>\n<!-- more -->\n\
                --- content/posts/2026-11-20-b/index.md\n+++\ntitle = \"B\"\n+++\n![A](b.jpg)\n\n<!-- more -->\n\n![B](b.jpg) ![C](https://c.example/c.jpg)\n\
                --- content/pages/c.md\n+++\ntitle = \"C\"\n+++\n<img src=/posts/a/a.jpg alt=A>\n\n![B](/posts/a/a.jpg)\n";
    let pictures =
        ["a", "b"].map(|name| (format!("content/posts/2026-11-20-{name}/{name}.jpg"), jpeg(noise(500, 400))));
    let pictures: Vec<_> = pictures.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    let outputs = outputs(site, &pictures).expect("a sound site");
    for file in ["index.html", "posts/a/index.html", "posts/b/index.html", "c/index.html"] {
        let html = page(&outputs, file);
        let lazy: Vec<bool> = html
            .split("<img ")
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap_or_default().contains("loading=\"lazy\""))
            .collect();
        assert_eq!((lazy.first(), lazy.iter().filter(|lazy| !**lazy).count()), (Some(&false), 1), "{file}: {html}");
        assert!(lazy.len() > 1, "{file}");
    }
}

#[test]
fn links_to_pictures_find_the_whole_file() {
    let photo = jpeg(noise(700, 500));
    let outputs =
        post("[text](a.jpg) [![A](a.jpg#left)](a.jpg) <a href=a.jpg>![B](a.jpg#left)</a>", &[("a.jpg", photo)]);
    let prose = prose(&outputs);
    assert_eq!(prose.matches("<a href=\"/blog/posts/a/a.jpg\">").count(), 3, "no link lies in another: {prose}");
    let seen = look(&outputs["posts/a/a.jpg"]).expect("a picture");
    assert_eq!((seen.width, seen.height), (700, 500));
}

#[test]
fn a_page_is_made_again_for_another_picture() {
    let fingerprint = |seed: u32| {
        let folder = sites::folder("--- content/posts/2026-11-20-a/index.md\n+++\ntitle = \"A\"\n+++\n![A](a.jpg)\n");
        std::fs::write(folder.path().join("content/posts/2026-11-20-a/a.jpg"), jpeg(noise(700, 500 + seed % 2)))
            .expect("writable");
        let (site, _) = sites::site(folder.path());
        let (site, theme) = (site.expect("a site"), Theme::new(&[]).expect("sound"));
        let renderer = Renderer::new(&site, &theme, blake3::hash(b"test"));
        let (plan, _) = plan(&renderer, &Kept::new(Path::new("/nowhere"), Access::Read));
        plan.outputs.iter().find(|planned| planned.route.as_str() == "posts/a/").expect("the post").fingerprint
    };
    assert_eq!(fingerprint(2), fingerprint(4));
    assert_ne!(fingerprint(1), fingerprint(2));
}

#[test]
fn a_picture_that_cannot_be_made_smaller_is_one_message() {
    let mut cut = jpeg(noise(700, 500));
    cut.truncate(cut.len() / 2);
    // A header of 20,000 by 20,000 pixels, and little more.
    let mut huge = png(drawn(300, 300));
    huge[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
    let crc = crc(&huge[12..29]);
    huge[29..33].copy_from_slice(&crc.to_be_bytes());
    let site = "--- content/posts/2026-11-20-a/index.md\n+++\ntitle = \"A\"\n+++\n![A](cut.jpg) ![B](cut.jpg#left) ![C](huge.png)\n";
    let pictures = [("content/posts/2026-11-20-a/cut.jpg", cut), ("content/posts/2026-11-20-a/huge.png", huge)];
    let problems = in_order(outputs(site, &pictures).expect_err("they are broken"));
    let expected = "error[broken-picture]: the picture cannot be shown: the file ends before the picture does\n\
        --> content/posts/2026-11-20-a/cut.jpg\n \
        = help: save it again from where it came, smaller if it is very large\n\n\
        error[broken-picture]: the picture cannot be shown: it has 400000000 pixels, more than 200000000\n\
        --> content/posts/2026-11-20-a/huge.png\n \
        = help: save it again from where it came, smaller if it is very large";
    assert_eq!(render(&problems, false).trim_end(), expected);
}

/// CRC-32 as PNG has it.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

/// A TIFF structure with coordinates, a serial number and a thumbnail, in words.
fn exif() -> Vec<u8> {
    let gps = [[0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0], [0x31, 0xa4, 2, 0, 14, 0, 0, 0, 68, 0, 0, 0]].concat();
    let place = [[1, 0, 2, 0, 2, 0, 0, 0, b'N', 0, 0, 0], [2, 0, 5, 0, 3, 0, 0, 0, 82, 0, 0, 0]].concat();
    let directory = |tags: &[u8]| [&[2, 0], tags, &[0; 4]].concat();
    [
        b"II*\0\x08\0\0\0",
        &*directory(&gps),
        &*directory(&place),
        b"SECRET-SERIAL\0SECRET-COORDINATES-24!SECRET-THUMBNAIL",
    ]
    .concat()
}

const PACKET: &[u8] = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf exif:GPSLatitude='SECRET'/></x:xmpmeta>";

/// A JPEG with all that cameras and programs write.
fn told_jpeg() -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).expect("short");
        [&[0xff, marker], length.to_be_bytes().as_slice(), body].concat()
    };
    let photo = jpeg(noise(700, 500));
    let written = [
        segment(0xe1, &[b"Exif\0\0", &*exif()].concat()),
        segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", PACKET].concat()),
        segment(0xed, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0b\x1c\x02\x5a\0\x06SECRET\0"),
        segment(0xe2, b"MPF\0SECRET"),
        segment(0xfe, b"SECRET"),
    ]
    .concat();
    [&photo[..2], &written, &photo[2..], b"SECRET"].concat()
}

fn told_png() -> Vec<u8> {
    let chunk = |kind: &[u8; 4], body: &[u8]| {
        let checked = [kind.as_slice(), body].concat();
        let length = u32::try_from(body.len()).expect("short");
        [&length.to_be_bytes(), &*checked, &crc(&checked).to_be_bytes()].concat()
    };
    let photo = png(noise(700, 500));
    let written = [
        chunk(b"eXIf", &exif()),
        chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", PACKET].concat()),
        chunk(b"tEXt", b"Comment\0SECRET"),
        chunk(b"prVt", b"SECRET"),
    ]
    .concat();
    [&photo[..33], &written, &photo[33..], b"SECRET"].concat()
}

fn told_webp() -> Vec<u8> {
    let still = webp(noise(700, 500), Format::WebP { quality: 80 });
    let chunk = |kind: &[u8; 4], body: &[u8]| {
        let padded = [body, &[0; 1][..body.len() % 2]].concat();
        [kind.as_slice(), &u32::try_from(body.len()).expect("short").to_le_bytes(), &padded].concat()
    };
    // Bits for EXIF and XMP, then width and height less one.
    let extended = chunk(b"VP8X", &[0x0c, 0, 0, 0, 0xbb, 0x02, 0, 0xf3, 0x01, 0]);
    let chunks = [&extended, &still[12..], &chunk(b"EXIF", &exif()), &chunk(b"XMP ", PACKET)].concat();
    [b"RIFF", u32::try_from(chunks.len() + 4).expect("short").to_le_bytes().as_slice(), b"WEBP", &chunks].concat()
}

fn told_gif() -> Vec<u8> {
    let film = gif(2);
    let table = 13 + if film[10] & 0x80 == 0 { 0 } else { 3 << ((film[10] & 7) + 1) };
    [&film[..table], b"\x21\xfe\x06SECRET\0", &film[table..]].concat()
}

/// A place never gets into what is published: in no size of a picture, and not in the author's own file either.
#[test]
fn nobody_is_told_where_a_picture_was_taken() {
    let site = "--- content/posts/2026-11-20-a/index.md\n+++\ntitle = \"A\"\nimage = \"a.jpg\"\nenclosure = \"b.jpg\"\n+++\n\
                ![A](a.jpg) ![B](a.png#left) ![C](a.webp) ![D](a.gif) [E](a.jpg)\n\
                --- content/gallery/walk/index.md\n+++\ntitle = \"Walk\"\n[[photos]]\nfile = \"1.jpg\"\nalt = \"A\"\n[[photos]]\nfile = \"2.png\"\nalt = \"B\"\n+++\n";
    let pictures = [
        ("content/posts/2026-11-20-a/a.jpg", told_jpeg()),
        ("content/posts/2026-11-20-a/b.jpg", told_jpeg()),
        ("content/posts/2026-11-20-a/a.png", told_png()),
        ("content/posts/2026-11-20-a/a.webp", told_webp()),
        ("content/posts/2026-11-20-a/a.gif", told_gif()),
        ("content/gallery/walk/1.jpg", told_jpeg()),
        ("content/gallery/walk/2.png", told_png()),
    ];
    let has = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    assert!(pictures.iter().all(|(_, bytes)| has(bytes, b"SECRET")));
    let camera = pictures.iter().filter(|(path, _)| !path.ends_with("gif"));
    assert!(camera.clone().all(|(_, bytes)| imaging::tells_place(bytes) == Ok(true)), "the test is one");
    let outputs = outputs(site, &pictures).unwrap_or_else(|problems| panic!("{}", render(&problems, false)));
    let seen = |path: &str| look(&outputs[path]).expect("still a picture");
    assert_eq!(["a.jpg", "a.png", "a.webp"].map(|name| seen(&format!("posts/a/{name}")).width), [700; 3]);
    for (file, bytes) in &outputs {
        for word in [b"SECRET".as_slice(), b"GPSLatitude", b"xmpmeta", b"Photoshop"] {
            assert!(!has(bytes, word), "{file} has {}", String::from_utf8_lossy(word));
        }
    }
}

/// Files in `static/` keep every byte, so their author is warned.
#[test]
fn a_place_in_a_file_that_is_published_as_it_is_is_told() {
    let pictures = [
        ("static/quiet.jpg", jpeg(noise(30, 20))),
        ("static/walk.jpg", told_jpeg()),
        ("static/walk.png", told_png()),
        ("static/notes.txt", told_jpeg()),
        ("content/posts/2026-11-20-a/a.jpg", told_jpeg()),
    ];
    let site = "--- content/posts/2026-11-20-a/index.md\n+++\ntitle = \"A\"\n+++\n[a](a.jpg)\n";
    let (outputs, warnings) = planned(site, &pictures).expect("a sound site");
    assert_eq!(outputs["walk.jpg"], told_jpeg());
    let expected = ["jpg", "png"].map(|ending| {
        format!(
            "warning[tells-place]: this picture tells where it was taken, and is published as it is\n--> static/walk.{ending}\n \
             = help: put it beside a text in `content/`, where pictures lose what cameras wrote, or save it without its place\n\n"
        )
    });
    assert_eq!(render(&warnings, false), expected.concat());
}
