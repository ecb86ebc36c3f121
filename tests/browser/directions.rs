//! A site that is written from right to left, with a post that is not: pages turn around, fit, and have nothing that axe minds.

use std::fs;

use serde_json::json;

use crate::access::{axe, violations};
use crate::driver::in_browser_with;

const ARABIC: &str = "+++\ntitle = \"الحلقة المشتركة\"\ndate = 2026-02-02\ntags = [\"شبكات\"]\nseries = \"سلسلة\"\n+++\n\
    صفحة من الذاكرة يتقاسمها نظامان.[^1] هذه `netif_tx` وهذا جدول:\n\n| أ | ب |\n|---|--:|\n| ١ | ٢ |\n\n## عنوان\n\nنص.\n\n\
    ## عنوان آخر\n\n> اقتباس\n\n- عنصر\n\n```c title=\"a.c\" lines mark=1\nint x; /* a comment that goes on beyond the edge of a narrow window, as comments do */\n```\n\n[^1]: حاشية.\n";
const ENGLISH: &str =
    "+++\ntitle = \"In English\"\ndate = 2026-02-01\nlang = \"en\"\nseries = \"سلسلة\"\n+++\nFrom left to right.\n";

#[test]
fn pages_follow_the_direction_of_their_language() {
    let folder = tempfile::tempdir().expect("a folder for the site");
    let posts = folder.path().join("content/posts");
    fs::create_dir_all(&posts).expect("a folder for posts");
    let config = "base_url = \"https://example.org/\"\ntitle = \"ملاحظات\"\nlanguage = \"ar\"\nsearch = true\n[themes]\noffer = [\"default\", \"weblog\", \"book\", \"contrast\"]\n";
    fs::write(folder.path().join("genblog.toml"), config).expect("the configuration is written");
    fs::write(posts.join("ring.md"), ARABIC).expect("a post is written");
    fs::write(posts.join("english.md"), ENGLISH).expect("a post is written");
    let axe = axe();
    in_browser_with(folder.path(), 1280, 900, async |browser| {
        for theme in ["default", "weblog", "book", "contrast"] {
            browser.visit("").await;
            browser.run("localStorage.genblog = JSON.stringify({ theme: arguments[0] })", &[json!(theme)]).await;
            for width in [320, 1280] {
                browser.window(width, 900).await;
                for path in ["", "posts/ring/", "posts/english/", "archives/", "search/"] {
                    browser.visit(path).await;
                    let sizes = browser.run("return [document.documentElement.scrollWidth, innerWidth]", &[]).await;
                    assert!(sizes[0].as_u64() <= sizes[1].as_u64(), "{theme} {path} at {width}: {sizes}");
                }
                browser.visit("posts/ring/").await;
                assert_eq!(violations(browser, &axe).await, json!([]), "{theme} {width}");
                browser.screenshot(&format!("from-right-{theme}-{width}")).await;
            }
        }
        let direction =
            "return ['html', 'article', 'pre'].map((name) => getComputedStyle(document.querySelector(name)).direction)";
        browser.visit("posts/ring/").await;
        assert_eq!(browser.run(direction, &[]).await, json!(["rtl", "rtl", "ltr"]));
        browser.visit("posts/english/").await;
        let direction =
            "return ['html', 'article'].map((name) => getComputedStyle(document.querySelector(name)).direction)";
        assert_eq!(browser.run(direction, &[]).await, json!(["rtl", "ltr"]));
    });
}
