//! The rows of an album, which need no script.

use serde_json::json;

use crate::driver::{Browser, in_browser, in_browser_at};
use crate::host::{Habit, host};
use crate::pictures::site;

/// What is wrong with the rows: one that is full and does not end at the edge, tiles of one row that differ in height, a tile whose
/// picture is cut by more than rounding takes.
const WRONG: &str = "
    const list = document.querySelector('.photos');
    const tiles = [...list.querySelectorAll('li')].map((tile) => [tile.getBoundingClientRect(), tile.querySelector('img')]);
    const edge = list.getBoundingClientRect().right;
    const rows = [...Map.groupBy(tiles, ([{ top }]) => Math.round(top)).values()];
    const wrong = [];
    rows.forEach((row, at) => {
        const right = row.at(-1)[0].right;
        if (right > edge + 1 || (at < rows.length - 1 && right < edge - 1)) wrong.push(`row ${at} ends at ${right} of ${edge}`);
        const heights = row.map(([{ height }]) => height);
        if (Math.max(...heights) - Math.min(...heights) > 1) wrong.push(`row ${at} is ${heights} high`);
    });
    for (const [{ width, height }, image] of tiles) {
        const [is, was] = [width / height, image.width && image.getAttribute('width') / image.getAttribute('height')];
        if (Math.abs(is / was - 1) > 0.08) wrong.push(`${image.alt}: ${is} instead of ${was}`);
    }
    return wrong;";

/// Looks at an album in windows of several widths.
async fn look(browser: &Browser, album: &str) {
    browser.without_scripts().await;
    for width in [320, 360, 600, 1280, 1920] {
        browser.window(width, 900).await;
        browser.visit(album).await;
        assert_eq!(browser.run(WRONG, &[]).await, json!([]), "{album} at {width}");
    }
}

#[test]
fn rows_end_at_the_edge_and_pictures_keep_their_shapes() {
    in_browser(1280, 900, async |browser| look(browser, "gallery/portraits-of-a-ring/").await);
    in_browser_at(host(site(), Habit::Proper), 1280, 900, async |browser| look(browser, "gallery/shapes/").await);
}
