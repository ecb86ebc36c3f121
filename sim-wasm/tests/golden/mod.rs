//! Texts that are kept beside the tests, so that a change of them is seen.

/// Compares with the text of that name. `UPDATE_GOLDEN=1` accepts a change.
#[track_caller]
pub(crate) fn golden(name: &str, found: &str) {
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there");
    assert!(found == golden, "{name} has changed; UPDATE_GOLDEN=1 accepts that:\n{found}");
}
