//! The index of source references: whole, unambiguous, readable, and with addresses that stay.

mod golden;

use std::collections::BTreeSet;

use golden::golden;
use sim_wasm::telling::source::index::{self, Entry, Kind, Place, Unresolved};
use sim_wasm::telling::source::{SourceRef, Tree};
use sim_wasm::words::text::Text;

#[test]
fn entries_are_sorted_and_no_two_share_a_key() {
    let keys: Vec<String> = index::all().iter().map(Entry::key).collect();
    assert!(keys.len() > 300, "only {} entries", keys.len());
    for pair in keys.windows(2) {
        assert!(pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
    }
}

#[test]
fn each_entry_says_what_it_does_in_a_sentence_or_two() {
    for entry in index::all() {
        let key = entry.key();
        assert!(entry.does.len() > 20 && entry.does.chars().count() <= 240, "{key}: {} bytes", entry.does.len());
        assert!(entry.does.starts_with(char::is_uppercase) || entry.does.starts_with("dom0"), "{key}: {}", entry.does);
        assert!(entry.does.ends_with('.') && !entry.does.contains("  "), "{key}: {}", entry.does);
        let word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
        assert!(entry.name.bytes().all(word), "{key} is a name of C");
        assert_ne!(entry.place, Place::Line(0), "{key}: lines count from 1");
    }
}

#[test]
fn files_are_where_their_tree_has_such_files() {
    for entry in index::all() {
        let (key, file) = (entry.key(), entry.file);
        let folders: &[&str] = match entry.tree {
            Tree::Classic => &["drivers/xen/", "drivers/net/", "include/", "mm/", "net/"],
            Tree::Linux34 => &["drivers/net/xen-netback/", "drivers/net/ethernet/", "drivers/xen/", "net/"],
            Tree::Upstream => {
                &["drivers/net/xen-net", "drivers/net/ethernet/", "drivers/pci/", "drivers/xen/", "include/", "net/"]
            }
            Tree::Xen => &["tools/libxl/", "xen/arch/x86/", "xen/common/", "xen/drivers/", "xen/include/public/"],
            Tree::Xen33 => &["tools/", "xen/arch/x86/", "xen/common/", "xen/drivers/", "xen/include/public/"],
        };
        assert!(folders.iter().any(|folder| file.starts_with(folder)), "{key}: {file}");
        assert!(file.ends_with(".c") || file.ends_with(".h") || file.ends_with(".py"), "{key}: {file}");
    }
}

/// Lines of one file belong to different names, or one of them was copied from another.
#[test]
fn no_two_names_are_defined_in_one_line() {
    let mut seen = BTreeSet::new();
    for entry in index::all() {
        if let Place::Line(line) = entry.place {
            assert!(seen.insert((entry.tree.key(), entry.file, line)), "{}: line {line} is another's", entry.key());
        }
    }
}

/// Names that have their file alone are known one by one: a line that was read is not lost, and a new name without one is seen.
#[test]
fn where_the_text_was_at_hand_every_entry_has_its_line() {
    let mut without = String::new();
    for entry in index::all().iter().filter(|entry| entry.place == Place::File) {
        let driver = ["netback.c", "netfront.c", "evtchn.c"].iter().any(|name| entry.file.ends_with(name));
        assert!(!driver, "{}", entry.key());
        without.push_str(&format!("{} {}\n", entry.key(), entry.file));
    }
    golden("source_without_line", &without);
}

#[test]
fn a_name_that_one_tree_has_needs_no_tree() {
    let entry = index::search("netif_page_release").expect("the classic tree has it");
    assert_eq!((entry.tree, entry.kind), (Tree::Classic, Kind::Function));
    for same in ["src:netif_page_release", "netif_page_release()", "classic/netif_page_release"] {
        assert_eq!(index::search(same), Ok(entry), "{same}");
    }
    assert_eq!(index::find(Tree::Classic, "netif_page_release"), Some(entry));
}

#[test]
fn a_name_that_several_trees_have_needs_one() {
    let trees = vec![Tree::Classic, Tree::Linux34, Tree::Upstream];
    assert_eq!(index::search("make_tx_response"), Err(Unresolved::Ambiguous(trees)));
    let entry = index::search("3.4/make_tx_response").expect("it is in Linux 3.4");
    assert_eq!((entry.tree, entry.file), (Tree::Linux34, "drivers/net/xen-netback/netback.c"));
}

#[test]
fn a_reference_that_leads_nowhere_says_why() {
    assert_eq!(index::search("netif_page_relase"), Err(Unresolved::UnknownName));
    assert_eq!(index::search("linux/netif_page_relase"), Err(Unresolved::UnknownName));
    assert_eq!(index::search("bsd/netif_page_release"), Err(Unresolved::UnknownTree));
    assert_eq!(index::search("linux/netif_page_release"), Err(Unresolved::Elsewhere(vec![Tree::Classic])));
    assert_eq!(index::search(""), Err(Unresolved::UnknownName));
}

#[test]
fn every_name_offered_leads_somewhere() {
    let names = index::names();
    assert!(names.is_sorted() && names.iter().any(|name| name == "xen/gnttab_transfer"));
    for name in &names {
        assert!(index::search(name).is_ok(), "{name}");
    }
    assert!(!names.contains(&"make_tx_response".to_owned()), "three trees have it");
}

#[test]
fn an_event_s_reference_and_its_entry_have_one_key() {
    let entry = index::find(Tree::Linux34, "xen_netbk_tx_submit").expect("it is in Linux 3.4");
    let reference = SourceRef { function: "xen_netbk_tx_submit()", file: entry.file, tree: entry.tree };
    let mut key = Text::new();
    reference.push_key(&mut key);
    assert_eq!((key.as_str(), entry.key().as_str()), ("3.4/xen_netbk_tx_submit", "3.4/xen_netbk_tx_submit"));
    assert_eq!(index::of(&reference), Some(entry));
    assert_eq!(index::of(&SourceRef { file: "drivers/net/xen-netfront.c", ..reference }), None);
}

/// What articles and figures name, besides the code behind events.
#[test]
fn the_names_that_articles_use_are_there() {
    for name in [
        "FOREIGN_FRAME",
        "SetPageForeign",
        "RING_FINAL_CHECK_FOR_RESPONSES",
        "RING_GET_REQUEST",
        "RING_HAS_UNCONSUMED_REQUESTS",
        "RING_PUSH_REQUESTS_AND_CHECK_NOTIFY",
        "add_to_net_schedule_list_tail",
        "classic/gnttab_set_map_op",
        "classic/netfront_tx_slot_available",
        "evtchn_send",
        "linux/netfront_tx_slot_available",
        "maybe_schedule_tx_action",
        "net_tx_action_dealloc",
        "netbk_fill_frags",
        "netif_int",
        "netif_tx_request",
        "remove_from_net_schedule_list",
        "xen/gnttab_transfer",
        "xen3.3/_constructDomain",
        "xen_netbk_tx_action",
        "xenvif_tx_action",
    ] {
        assert!(index::search(name).is_ok(), "{name}: {:?}", index::search(name));
    }
}

/// Every entry with its address.
#[test]
fn addresses_are_as_they_were() {
    let mut found = String::new();
    for entry in index::all() {
        found.push_str(&format!("{} {} {}\n", entry.key(), entry.kind.name(), entry.url()));
    }
    golden("source_addresses", &found);
}
