//! The site's mark on the theme's paper, for home screens.

use crate::rendering::raster::rasterise_on;
use crate::rendering::theme::Theme;
use crate::words::route::Route;

/// Where the manifest is that names the marks.
pub const MANIFEST: &str = "site.webmanifest";

/// Pixels on a side, as iOS asks for them.
pub const TOUCH: u32 = 180;

/// How much of an icon's side the mark takes, in hundredths: home screens cut the corners off.
const MARK: u32 = 64;

/// The address of the icon of so many pixels on a side.
pub fn route(theme: &Theme, side: u32) -> Route {
    let made_of = [&*theme.assets.icon.hash.to_hex(), &*theme.papers.0].join(" ");
    let hash = blake3::hash(made_of.as_bytes()).to_hex();
    Route::new(format!("assets/icon-{side}.{}.png", &hash[..16])).expect("plain words")
}

/// The icon that iOS puts on a home screen.
#[must_use]
pub fn touch(theme: &Theme) -> Route {
    route(theme, TOUCH)
}

/// The mark on the theme's paper.
pub fn drawn(theme: &Theme, side: u32) -> Result<Vec<u8>, String> {
    let mark = std::str::from_utf8(&theme.assets.icon.bytes).map_err(|error| error.to_string())?;
    rasterise_on(mark, side, side * MARK / 100, &theme.papers.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_drawn_on_paper() {
        let theme = Theme::new(&[]).expect("the built-in theme");
        let png = drawn(&theme, TOUCH).expect("a picture");
        let image = image::load_from_memory(&png).expect("a PNG").to_rgba8();
        assert_eq!(image.dimensions(), (TOUCH, TOUCH));
        let paper = image::Rgba([0xfb, 0xfa, 0xf7, 255]);
        assert_eq!((*image.get_pixel(0, 0), *image.get_pixel(TOUCH / 2, TOUCH / 2)), (paper, paper));
        assert!(image.pixels().any(|pixel| *pixel != paper), "the ring itself");
    }

    #[test]
    fn marks_of_any_size_stand_in_the_middle() {
        let black = |svg: &str| {
            let png = rasterise_on(svg, 100, 50, "#ffffff").expect("a picture");
            let image = image::load_from_memory(&png).expect("a PNG").to_rgba8();
            [(10, 10), (30, 50), (70, 50), (50, 45), (50, 30)].map(|(x, y)| image.get_pixel(x, y).0[0] == 0)
        };
        let square =
            "<svg xmlns=\"http://www.w3.org/2000/svg\"\n\twidth='8' height='8'><rect width='8' height='8'/></svg>";
        assert_eq!(black(square), [false, true, true, true, true]);
        let wide = "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 400 100'><path d='M0 0h400v100H0z'/></svg>";
        assert_eq!(black(wide), [false, true, true, true, false]);
        assert!(rasterise_on("<svg><g></svg>", 100, 50, "#ffffff").is_err());
    }
}
