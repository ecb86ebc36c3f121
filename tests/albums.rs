//! Albums: which pictures they show, in which order, and what is said about them.

mod made;
mod sites;

use genblog::files::config::Overrides;
use genblog::graph::site::{Album, Site};
use genblog::rendering::theme::Theme;
use genblog::words::diagnostic::render;
use made::{Outputs, made};
use tempfile::TempDir;

/// The site made of `text`, which has nothing wrong with it, and its folder, which must outlive it where pictures are read.
fn site(text: &str) -> (Site, TempDir) {
    let folder = sites::folder(text);
    let (site, diagnostics) = sites::site(folder.path());
    assert_eq!(render(&diagnostics, false), "");
    (site.expect("a sound configuration"), folder)
}

/// All outputs of a site, of which nothing is to be said.
fn outputs(site: &Site) -> Outputs {
    let (made, warnings) = made(site, &Theme::new(&[]).expect("the built-in theme is sound"));
    assert_eq!(render(&warnings, false), "");
    made.unwrap_or_else(|problems| panic!("{}", render(&problems, false)))
}

fn text<'a>(outputs: &'a Outputs, file: &str) -> &'a str {
    std::str::from_utf8(outputs.get(file).unwrap_or_else(|| panic!("no {file}"))).expect("text")
}

fn titles(album: &Album) -> Vec<&str> {
    album.photos.iter().map(|photo| photo.title.as_str()).collect()
}

/// An album of the pictures `(name, what its camera tells)`, each described by a note.
fn album(keys: &str, pictures: &[(&str, &str)]) -> String {
    let mut text = format!("--- content/gallery/walk/index.md\n+++\n{keys}\n+++\n");
    for (name, told) in pictures {
        text.push_str(&format!("--- content/gallery/walk/{name}.jpg (jpg 3x2{told})\n"));
        text.push_str(&format!("--- content/gallery/walk/{name}.md\n+++\nalt = \"{name}\"\n+++\n"));
    }
    text
}

#[test]
fn albums_show_what_is_described_first() {
    let (site, _) = site(
        "--- content/gallery/A walk/2.png (png 3x2)\n--- content/gallery/A walk/1.png (png 2x3)\n\
         --- content/gallery/A walk/index.md\n+++\ntitle = \"A walk\"\ncover = \"1.png\"\n\
         [[photos]]\nfile = \"2.png\"\nalt = \"Two.\"\ncaption = \"*Two*\"\n[[photos]]\nfile = \"1.png\"\nalt = \"One.\"\n+++\nIntro.\n",
    );
    let album = &site.albums[0];
    assert_eq!((album.route.as_str(), &*album.title, &*album.summary), ("gallery/a-walk/", "A walk", "Intro."));
    assert_eq!(site.cover(album).title, "1");
    let photos: Vec<_> =
        album.photos.iter().map(|photo| (photo.route.as_str(), photo.width, &*photo.caption)).collect();
    assert_eq!(photos, [("gallery/a-walk/2/", 3, "<p><em>Two</em></p>"), ("gallery/a-walk/1/", 2, "")]);
}

#[test]
fn pictures_of_several_cameras_stand_in_the_order_in_which_they_were_taken() {
    // A camera whose clock is twenty minutes fast and shows the time of Berlin, a phone that tells its offset, and a scan.
    let pictures = [
        ("fast", " EOS 40D, 2008-06-12T11:20:00, -"),
        ("phone", " Phone, 2008-06-12T17:30:00+09:00, -"),
        ("right", " X100, 2008-06-12T18:30:00, -"),
        ("scan", ""),
    ];
    let keys =
        "timezone = \"Asia/Tokyo\"\n[[clocks]]\ncamera = \"eos 40d\"\nahead = \"0:20\"\ntimezone = \"Europe/Berlin\"";
    let (shown, _) = site(&album(keys, &pictures));
    let taken: Vec<_> = shown.albums[0]
        .photos
        .iter()
        .map(|photo| (photo.title.as_str(), photo.taken.map(|taken| taken.to_rfc3339()).unwrap_or_default()))
        .collect();
    let expected = [
        ("phone", "2008-06-12T17:30:00+09:00"),
        ("fast", "2008-06-12T18:00:00+09:00"),
        ("right", "2008-06-12T18:30:00+09:00"),
        ("scan", ""),
    ];
    assert_eq!(taken, expected.map(|(title, taken)| (title, taken.to_owned())));
    let (shown, _) = site(&album(&format!("reverse = true\n{keys}"), &pictures));
    assert_eq!(titles(&shown.albums[0]), ["scan", "right", "fast", "phone"]);
}

#[test]
fn names_are_ordered_by_their_numbers_and_hands_by_their_entries() {
    let pictures = [("p10", " A, 2008-06-12T10:00:00, -"), ("p9", " A, 2008-06-12T11:00:00, -"), ("P1", "")];
    let order = |keys: &str| {
        let (shown, _) = site(&album(keys, &pictures));
        titles(&shown.albums[0]).join(" ")
    };
    assert_eq!(order(""), "p10 p9 P1");
    assert_eq!(order("order = \"name\""), "P1 p9 p10");
    let entry = "[[photos]]\nfile = \"P1.jpg\"";
    assert_eq!(order(entry), "P1 p10 p9");
    assert_eq!(order(&format!("order = \"taken\"\n{entry}")), "p10 p9 P1");
    assert_eq!(order(&format!("{entry}\ntaken = 2008-06-12T10:30:00")), "P1 p10 p9");
    assert_eq!(order(&format!("order = \"taken\"\n{entry}\ntaken = 2008-06-12T10:30:00")), "p10 P1 p9");
}

#[test]
fn an_entry_is_heard_before_a_note_and_a_note_before_the_picture() {
    let (shown, _) = site(
        "--- content/gallery/w/index.md\n+++\n[[photos]]\nfile = \"a.jpg\"\ncaption = \"*Mine*\"\n+++\n\
         --- content/gallery/w/a.md\n---\ntitle: Of the note\nalt: A.\n---\nNot this.\n\
         --- content/gallery/w/b.jpg.md\n+++\nalt = \"B.\"\n+++\nOne *line*.\n\nAnother.\n\
         --- content/gallery/w/c.md\n+++\nalt = \"C.\"\n+++\n\
         --- content/gallery/w/a.jpg (jpg 3x2 X, , Of the camera)\n\
         --- content/gallery/w/b.jpg (jpg 3x2 X, , Of the camera)\n\
         --- content/gallery/w/c.jpg (jpg 3x2 X, , Rain & <sea>)\n",
    );
    let said: Vec<_> =
        shown.albums[0].photos.iter().map(|photo| (&*photo.title, &*photo.caption, &*photo.alt)).collect();
    let expected = [
        ("Of the note", "<p><em>Mine</em></p>", "A."),
        ("b", "<p>One <em>line</em>.</p>\n<p>Another.</p>", "B."),
        ("c", "<p>Rain &amp; &lt;sea&gt;</p>", "C."),
    ];
    assert_eq!(said, expected);
}

#[test]
fn links_of_captions_start_at_the_album_and_lead_off_the_page() {
    let note = |link: &str| {
        format!(
            "--- content/pages/map.md\n+++\ntitle = \"Map\"\n+++\n## Way\n\
             --- content/gallery/w/1.jpg (jpg 3x2)\n--- content/gallery/w/1.md\n+++\nalt = \"A.\"\n+++\n[x]({link})\n"
        )
    };
    let (shown, _) = site(&note("../../pages/map.md#way"));
    assert_eq!(shown.albums[0].photos[0].caption, "<p><a href=\"/blog/map/#way\">x</a></p>");
    let folder = sites::folder(&note("#way"));
    assert!(sites::site(folder.path()).1.iter().any(|problem| problem.code == "broken-anchor"));
}

/// Whatever is wrong with addresses, what is left can be planned, so that all problems are told.
#[test]
fn albums_whose_addresses_were_refused_are_not_shown() {
    for (text, code) in [
        ("--- content/gallery/2019/★/1.jpg (jpg 3x2)\n", "bad-name"),
        (
            "--- content/pages/gallery/w/1.md\n+++\ntitle = \"A\"\n+++\n--- content/gallery/w/1.jpg (jpg 3x2)\n",
            "duplicate-route",
        ),
    ] {
        let folder = sites::folder(text);
        let (site, problems) = sites::site(folder.path());
        assert!(problems.iter().any(|problem| problem.code == code), "{code}");
        assert_eq!(site.expect("a sound configuration").albums.len(), 0);
    }
}

const NESTED: &str = "--- content/gallery/japan/index.md\n+++\ntitle = \"Japan\"\n+++\nTwo weeks.\n\
    --- content/gallery/japan/kii/shore/1.jpg (jpg 4x3 X, 2008-06-14T10:00:00, -)\n\
    --- content/gallery/japan/kii/shore/1.md\n+++\nalt = \"A pier.\"\n+++\n\
    --- content/gallery/japan/kyoto/index.md\n+++\ntitle = \"Kyoto\"\ncover = \"2.jpg\"\n+++\n\
    --- content/gallery/japan/kyoto/1.jpg (jpg 3x2 X, 2008-06-12T10:00:00, -)\n\
    --- content/gallery/japan/kyoto/1.md\n+++\nalt = \"A gate.\"\n+++\n\
    --- content/gallery/japan/kyoto/2.jpg (jpg 2x3 X, 2008-06-13T10:00:00, -)\n\
    --- content/gallery/japan/kyoto/2.md\n+++\nalt = \"A garden.\"\n+++\n";

#[test]
fn albums_lie_in_albums() {
    let (shown, _) = site(NESTED);
    let names = |album: &Album| {
        let parent = album.parent.map_or("", |parent| &*shown.albums[parent.0].title);
        (album.route.as_str().to_owned(), album.title.clone(), parent.to_owned(), shown.photos_in(album).len())
    };
    let expected = [
        ("gallery/japan/", "Japan", "", 3),
        ("gallery/japan/kii/", "kii", "Japan", 1),
        ("gallery/japan/kii/shore/", "shore", "kii", 1),
        ("gallery/japan/kyoto/", "Kyoto", "Japan", 2),
    ];
    let expected = expected.map(|(route, title, parent, photos)| (route.into(), title.into(), parent.into(), photos));
    assert_eq!(shown.albums.iter().map(names).collect::<Vec<_>>(), expected);
    let covers: Vec<_> = shown.albums.iter().map(|album| shown.cover(album).alt.as_str()).collect();
    assert_eq!(covers, ["A pier.", "A pier.", "A pier.", "A garden."]);
    let (named, _) = site(&NESTED.replace("title = \"Japan\"", "cover = \"kyoto/1.jpg\""));
    assert_eq!(named.cover(&named.albums[0]).alt, "A gate.");
}

#[test]
fn the_pages_of_nested_albums_lead_to_each_other() {
    let (shown, _folder) = site(NESTED);
    let outputs = outputs(&shown);
    let page = |file: &str| text(&outputs, file);
    assert!(page("gallery/index.html").contains("12–14 June 2008 · 3 pictures"));
    assert!(!page("gallery/index.html").contains("/gallery/japan/kyoto/"));
    let japan = page("gallery/japan/index.html");
    assert!(japan.contains("/blog/gallery/japan/kyoto/") && japan.contains("/blog/gallery/japan/kii/"), "{japan}");
    assert!(!japan.contains("/blog/gallery/japan/kii/shore/"), "{japan}");
    let within = "<a href=\"/blog/gallery/japan/\">Japan</a><a href=\"/blog/gallery/japan/kii/\">kii</a>";
    assert!(page("gallery/japan/kii/shore/index.html").contains(within));
    let feed = page("gallery/japan/feed.xml");
    assert_eq!(feed.matches("<item>").count(), 3, "{feed}");
}

#[test]
fn drafts_and_what_lies_in_them_are_left_out() {
    let (shown, _) = site(&NESTED.replace("title = \"Japan\"", "draft = true"));
    assert_eq!(shown.albums.len(), 0);
    let (shown, _) = site(&NESTED.replace("title = \"Kyoto\"", "draft = true"));
    let routes: Vec<_> = shown.albums.iter().map(|album| album.route.as_str()).collect();
    assert_eq!(routes, ["gallery/japan/", "gallery/japan/kii/", "gallery/japan/kii/shore/"]);
}

#[test]
fn a_photograph_tells_its_camera_and_can_be_saved() {
    let album = "--- content/gallery/w/A b.jpg (jpg 600x400 EOS 40D, 2008-06-12T17:40:00, A pier)\n\
        --- content/gallery/w/A b.md\n+++\nalt = \"A pier.\"\n+++\n";
    let page = |keys: &str| {
        let (shown, folder) = site(&format!("{album}--- content/gallery/w/index.md\n+++\n{keys}\n+++\n"));
        let outputs = outputs(&shown);
        drop(folder);
        outputs
    };
    let outputs = page("");
    let html = text(&outputs, "gallery/w/a-b/index.html");
    assert!(html.contains("12 June 2008, 17:40") && html.contains("<span>EOS 40D</span>"), "{html}");
    assert!(html.contains("download=\"A b-480.jpg\">480&nbsp;×&nbsp;320</a>"), "{html}");
    assert!(!html.contains("(original)") && !outputs.contains_key("gallery/w/a-b/A b.jpg"));

    let outputs = page("camera = false\noriginals = true");
    let html = text(&outputs, "gallery/w/a-b/index.html");
    assert!(!html.contains("EOS 40D"), "{html}");
    assert!(html.contains("download=\"A b.jpg\">600&nbsp;×&nbsp;400 (original)</a>"), "{html}");
    let original = &outputs["gallery/w/a-b/A b.jpg"];
    assert!(image::load_from_memory(original).is_ok_and(|picture| picture.width() == 600));
    assert!(!original.windows(7).any(|window| window == b"EOS 40D"));
}

#[test]
fn a_png_of_an_album_is_there_as_webp_without_loss() {
    let (shown, _folder) = site(
        "--- content/gallery/w/a.png (png 600x400)\n--- content/gallery/w/a.md\n+++\nalt = \"A pier.\"\n+++\n\
         --- content/gallery/w/index.md\n+++\ntitle = \"W\"\n+++\n",
    );
    let outputs = outputs(&shown);
    for page in ["gallery/w/index.html", "gallery/w/a/index.html"] {
        let html = text(&outputs, page);
        assert!(html.contains("<source type=\"image/webp\"") && html.contains(".480.png 480w"), "{html}");
    }
    let made = |ending: &str| -> Vec<&Vec<u8>> {
        let ours = |name: &&String| name.starts_with("assets/photos/") && name.ends_with(ending);
        outputs.keys().filter(ours).map(|name| &outputs[name]).collect()
    };
    let (png, webp) = (made(".png"), made(".webp"));
    assert_eq!((png.len(), webp.len()), (2, 2));
    for (png, webp) in png.iter().zip(webp) {
        let pixels = |bytes: &[u8]| image::load_from_memory(bytes).expect("a picture").to_rgba8();
        assert!(webp.len() < png.len());
        assert_eq!(pixels(png), pixels(webp));
    }
}

#[test]
fn what_an_album_gives_away_has_sizes_in_texts_too() {
    let (shown, _folder) = site(
        "--- content/gallery/w/a.jpg (jpg 600x400)\n--- content/gallery/w/a.md\n+++\nalt = \"A pier.\"\n+++\n\
         --- content/gallery/w/index.md\n+++\noriginals = true\n+++\n\
         --- content/posts/2026-01-01-p.md\n+++\ntitle = \"P\"\nimage = \"@/gallery/w/a.jpg\"\n+++\n![A pier](@/gallery/w/a.jpg)\n",
    );
    let outputs = outputs(&shown);
    let html = text(&outputs, "posts/p/index.html");
    assert!(html.contains("<picture>") && html.contains(".480.jpg 480w"), "{html}");
}

#[test]
fn what_a_site_says_of_photographs_holds_unless_an_album_says_otherwise() {
    let config = "base_url = \"https://a.b\"\ntitle = \"x\"\n[photos]\ncamera = false\noriginals = true";
    let source = genblog::words::source_text::SourceText::new("genblog.toml", config);
    let (config, problems) = genblog::files::config::parse(&source, &Overrides::default());
    assert_eq!(render(&problems, false), "");
    let photos = config.expect("sound").photos;
    assert_eq!((photos.camera, photos.originals), (false, true));
    let pictures = [("a", " EOS 40D, 2008-06-12T17:40:00, -")];
    let photo = |keys: &str| {
        let config = "base_url = \"https://a.b\"\ntitle = \"x\"\n[photos]\ncamera = false\noriginals = true";
        let (mut shown, _) = site(&format!("--- genblog.toml\n{config}\n{}", album(keys, &pictures)));
        let photo = shown.albums.remove(0).photos.remove(0);
        (photo.camera.is_some(), photo.original.is_some())
    };
    assert_eq!(photo(""), (false, true));
    assert_eq!(photo("camera = true\noriginals = false"), (true, false));
}
