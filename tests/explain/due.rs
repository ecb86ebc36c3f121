//! When posts come or go by themselves.

use serde_json::{Value, json};

use crate::site::Site;

#[test]
fn a_build_says_when_the_next_is_due() {
    let site = Site::new();
    let due = |said: &str| said.lines().find(|line| line.starts_with("next due")).map(str::to_owned);
    assert_eq!(due(&site.run(&["build"], 0).0), None);
    site.put("content/posts/2026-12-24T18_00_00.txt", "Eve\nTonight.\n");
    site.put("content/posts/2026-10-01-short.md", "+++\ntitle = \"Short\"\nexpires = 2027-01-01\n+++\n");
    let line = Some("next due 2026-12-24T09:00:00Z: build again then".to_owned());
    // The second has nothing to do.
    for _ in 0..2 {
        let (said, _) = site.run(&["build"], 0);
        assert_eq!((due(&said), said.lines().count()), (line.clone(), 2), "{said}");
    }
    assert_eq!(site.run(&["build", "--quiet"], 0).0, "");
    assert_eq!(site.run(&["build", "--json"], 0).0.trim(), "[]");
    let (said, _) = site.run(&["build", "--clock", "2026-12-25T00:00:00Z"], 0);
    assert_eq!(due(&said).as_deref(), Some("next due 2026-12-31T15:00:00Z: build again then"), "{said}");
    assert_eq!(due(&site.run(&["build", "--future", "--expired"], 0).0), None);

    let (listed, notes) = site.run(&["list", "future"], 0);
    assert!(listed.lines().count() == 1 && notes == "next due 2026-12-24T09:00:00Z\n", "{listed}{notes}");
    let (rows, notes) = site.run(&["list", "--json"], 0);
    let rows: Value = serde_json::from_str(&rows).expect("JSON");
    let dues: Vec<&Value> = rows.as_array().expect("a list").iter().map(|row| &row["due"]).collect();
    let expected = [json!("2026-12-24T09:00:00Z"), Value::Null, Value::Null, json!("2026-12-31T15:00:00Z")];
    assert_eq!((dues, notes), (expected.iter().collect(), String::new()));
}
