//! How many processors there are makes no difference.

use crate::site::{Site, assert_same};

#[test]
fn one_thread_and_two_write_the_same() {
    let site = Site::new();
    site.album(3, (320, 210));
    site.put("static/style.css", "body { margin: 0 }");
    for number in 0..30 {
        let head = format!(
            "+++\ntitle = \"Post {number}\"\ndate = 2026-{:02}-11\ntags = [\"t{}\", \"{}\"]\n+++\n",
            1 + number % 11,
            number % 4,
            ["straße", "Straße", "água"][number % 3],
        );
        let text =
            format!("Words, and [another](p{}.md).\n\n## Part\n\n```rust\nfn f() {{}}\n```\n", (number + 7) % 30);
        site.put(&format!("content/posts/p{number}.md"), head + &text);
    }
    let [one, two] = ["1", "2"].map(|threads| {
        let site = site.copied();
        let built = site.command(&["--json"]).env("RAYON_NUM_THREADS", threads).output().expect("genblog runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stdout));
        (built.stdout, site.files("public"))
    });
    assert_eq!(one.0, two.0, "the same is said");
    assert_same(&one.1, &two.1);
}
