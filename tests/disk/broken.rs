//! Pictures that cannot be shown, and what becomes of the others.

use crate::site::{Site, assert_same, photograph};

#[test]
fn a_broken_picture_is_one_diagnostic_and_the_others_are_made() {
    let site = Site::new();
    site.album(4, (600, 400));
    let sound = photograph(1, (600, 400));
    let broken = &sound[..sound.len() / 2];
    site.put("content/gallery/walk/01.jpg", broken);
    let said = site.build(1);
    assert_eq!(said.matches("error[broken-picture]").count(), 1, "{said}");
    assert!(said.contains("content/gallery/walk/01.jpg") && said.contains("1 error\n"), "{said}");
    assert_eq!(site.files("public").len(), 0);
    let kept = site.times(".genblog/kept");
    assert_eq!(kept.len(), 3 * 4);

    site.put("content/gallery/walk/01.jpg", &sound);
    site.build(0);
    let after = site.times(".genblog/kept");
    assert_eq!(after.len(), 4 * 4);
    assert_same(&after.into_iter().filter(|(name, _)| kept.contains_key(name)).collect(), &kept);
    assert_same(&site.files("public"), &site.clean_build());
}

/// A kept result that was damaged is made again, whatever is left of it.
#[test]
fn a_damaged_result_is_made_again() {
    let site = Site::new();
    site.album(2, (600, 400));
    site.build(0);
    let (kept, public) = (site.files(".genblog/kept"), site.files("public"));
    for (name, mut bytes) in kept.clone() {
        bytes[20] ^= 1;
        site.put(&format!(".genblog/kept/{name}"), bytes);
    }
    std::fs::remove_dir_all(site.path("public")).expect("there");
    site.build(0);
    assert_same(&site.files("public"), &public);
    assert_same(&site.files(".genblog/kept"), &kept);
}

#[cfg(unix)]
#[test]
fn a_picture_that_cannot_be_read_is_named() {
    let site = Site::new();
    site.album(2, (60, 40));
    std::os::unix::fs::symlink("nowhere.jpg", site.path("content/gallery/walk/02.jpg")).expect("writable");
    let said = site.build(1);
    assert!(said.contains("error[symlink]") && said.contains("02.jpg"), "{said}");
}
