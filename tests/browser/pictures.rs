//! Pictures in texts and lists: whether a browser takes the size that suffices, since `sizes` is true, and whether all of them fit.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::driver::{Browser, in_browser_at};
use crate::host::{Habit, build, host};

/// A text with pictures of every shape. Each has a file of its own: a browser that has a larger size of a picture takes it for a
/// smaller one.
const TEXT: &str = "+++
title = \"Pictures\"
image = \"photo.jpg\"
tags = [\"walks\"]
+++

![A photograph](photo.jpg)

![A drawing](drawing.png)

![A small one](small.jpg)

![Left](left.jpg#left) A thumbnail stands to the left of these words, as it did in 2008. The words go on beside it and below it, until
there are enough of them to tell whether they have room. The words go on beside it and below it, until there are enough of them.

![Right](tall.jpg#right) Another one stands to the right of these words, and is higher than it is wide. The words go on beside it and
below it, until there are enough of them to tell whether they have room. The words go on beside it and below it.

<img src=\"wide.jpg\" alt=\"As wide as its author says\" width=\"300\" align=\"right\"> A picture whose author says how wide it is. The
words go on beside it and below it, until there are enough of them to tell whether they have room.

![A panorama](panorama.jpg)

![A strip](strip.jpg)

![What is transparent](clear.png)

![Vectors](vectors.svg)

[![In a link](link.jpg)](photo.jpg)
";

/// The built site, made once for all tests and left to the system's cleaning.
pub(crate) fn site() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    SITE.get_or_init(|| {
        let root = tempfile::tempdir().expect("a folder for the site").keep();
        let post = root.join("content/posts/2026-11-20-pictures");
        fs::create_dir_all(&post).expect("a folder for the post");
        fs::write(
            root.join("genblog.toml"),
            "base_url = \"https://pictures.example/\"\ntitle = \"Pictures\"\ntimezone = \"UTC\"\n",
        )
        .expect("the configuration is written");
        fs::write(post.join("index.md"), TEXT).expect("the post is written");
        let album = root.join("content/gallery/walk");
        fs::create_dir_all(&album).expect("a folder for the album");
        fs::write(album.join("index.md"), "+++\ntitle = \"Walk\"\n[[photos]]\nfile = \"1.jpg\"\nalt = \"Hills\"\n+++\n")
            .expect("the album is written");
        hills(2400, 1600).save(album.join("1.jpg")).expect("written");
        let shapes = root.join("content/gallery/shapes");
        fs::create_dir_all(&shapes).expect("a folder for the album");
        let sizes = [(900, 600), (600, 900), (600, 600), (1600, 400), (450, 800), (1200, 900), (800, 450), (900, 600)];
        for (number, (width, height)) in sizes.into_iter().enumerate() {
            hills(width, height).save(shapes.join(format!("{number}.jpg"))).expect("written");
        }
        let vectors = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 900 300'><path d='M0 0h900v300H0z' fill='#58a'/></svg>";
        fs::write(post.join("vectors.svg"), vectors).expect("written");
        for (name, width, height) in [
            ("photo.jpg", 2400, 1600),
            ("left.jpg", 2400, 1600),
            ("wide.jpg", 2400, 1600),
            ("link.jpg", 2400, 1600),
            ("drawing.png", 1300, 500),
            ("small.jpg", 420, 280),
            ("tall.jpg", 900, 1600),
            ("panorama.jpg", 4000, 500),
            ("strip.jpg", 500, 4000),
        ] {
            hills(width, height).save(post.join(name)).expect("written");
        }
        let clear = image::RgbaImage::from_fn(900, 400, |x, y| {
            let inside = (x as f32 - 450.0).hypot(y as f32 - 200.0) < 180.0;
            image::Rgba(if inside { [200, 90, 40, 255] } else { [0; 4] })
        });
        clear.save(post.join("clear.png")).expect("written");
        build(&root)
    })
}

/// Something to look at: a sky, and hills before it.
fn hills(width: u32, height: u32) -> image::RgbImage {
    image::RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
        let hill = |at: f32, turns: f32, up: f32| at + up * (x * turns).sin();
        if y > hill(0.8, 9.0, 0.06) {
            image::Rgb([52, 92, 60])
        } else if y > hill(0.62, 5.0, 0.1) {
            image::Rgb([96, 130, 110])
        } else {
            image::Rgb([(200.0 - 90.0 * y) as u8, (220.0 - 40.0 * y) as u8, 235])
        }
    })
}

/// Of every picture with candidates: how wide it is shown in CSS pixels, the widths that there are, and the one that was taken. All
/// are loaded first, since one that waits has taken none.
const SEEN: &str = "const images = [...document.querySelectorAll('main img')].filter((one) => one.srcset);
  for (const one of images) {
    one.loading = 'eager';
    one.scrollIntoView();
    await one.decode();
  }
  const widths = (set) => set.split(', ').map((candidate) => parseInt(candidate.split(' ')[1]));
  return images.map((one) => {
    const source = one.parentElement.querySelector('source');
    const cover = getComputedStyle(one).objectFit === 'cover';
    const { width, height } = one.getBoundingClientRect();
    const shape = one.naturalWidth / one.naturalHeight;
    return { alt: one.alt, shown: cover ? Math.max(width, height * shape) : width, edge: one.getBoundingClientRect().right,
             there: widths(source ? source.srcset : one.srcset), taken: parseInt(one.currentSrc.match(/[.](\\d+)[.]\\w+$/)[1]) };
  })";

/// Shows the page with so many CSS pixels, each of so many of the screen's.
async fn look(browser: &Browser, path: &str, width: u32, density: u32) -> Vec<Value> {
    let metrics = json!({ "width": width, "height": 800, "deviceScaleFactor": density, "mobile": width < 500 });
    browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    browser.devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true })).await;
    browser.visit_afresh(path).await;
    browser.run(SEEN, &[]).await.as_array().expect("a list").clone()
}

#[test]
fn browsers_take_the_size_that_suffices() {
    in_browser_at(host(site(), Habit::Proper), 1280, 800, async |browser| {
        browser.devtools("Network.enable", json!({})).await;
        for (path, pictures) in [("posts/pictures/", 8), ("tags/walks/", 1), ("gallery/", 2)] {
            for density in [1, 2] {
                for width in [320, 360, 412, 560, 600, 690, 800, 1280, 1600] {
                    let seen = look(browser, path, width, density).await;
                    assert_eq!(seen.len(), pictures, "{seen:?}");
                    for one in seen {
                        let number = |name: &str| one[name].as_f64().expect("a number");
                        let there: Vec<f64> =
                            one["there"].as_array().expect("widths").iter().filter_map(Value::as_f64).collect();
                        let needed = number("shown") * f64::from(density);
                        let expected = there.iter().find(|&&width| width >= needed).or(there.last()).copied();
                        assert_eq!(Some(number("taken")), expected, "{path} at {width} × {density}: {one}");
                        assert!(number("edge") <= f64::from(width), "{path} at {width}: {one}");
                    }
                }
            }
        }
    });
}

#[test]
fn pictures_fit_every_width_and_both_schemes() {
    in_browser_at(host(site(), Habit::Proper), 1280, 800, async |browser| {
        for (width, scheme) in [(320, "light"), (360, "dark"), (360, "light"), (1280, "light"), (1280, "dark")] {
            browser.prefers("prefers-color-scheme", scheme).await;
            look(browser, "posts/pictures/", width, 1).await;
            let sizes = browser.run("return [document.documentElement.scrollWidth, innerWidth]", &[]).await;
            assert!(sizes[0].as_u64() <= sizes[1].as_u64(), "{width}: {sizes}");
            // What a reader sees before a picture is there is as high as the picture.
            let shapes = "return [...document.querySelectorAll('.prose img')].filter((one) => {
                            const { width, height } = one.getBoundingClientRect();
                            return Math.abs(width * one.naturalHeight / one.naturalWidth / height - 1) > 0.02;
                          }).map((one) => one.alt)";
            assert_eq!(browser.run(shapes, &[]).await, json!([]), "{width}");
            browser.run("scrollTo(0, 0)", &[]).await;
            browser.screenshot(&format!("pictures-{width}-{scheme}")).await;
        }
        browser.window(800, 1100).await;
        browser.on_paper(true).await;
        let high = "return Math.max(...[...document.querySelectorAll('.prose img')].map((one) => one.getBoundingClientRect().height))";
        let high = browser.run(high, &[]).await;
        assert!(high.as_f64().is_some_and(|high| high < 900.0), "a picture is no higher than a sheet: {high}");
        browser.screenshot("pictures-paper").await;
    });
}
