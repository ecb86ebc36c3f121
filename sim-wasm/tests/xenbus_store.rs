//! The store: paths, permissions, shares, watches, and transactions that are as if they had run one after the other.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::xenbus::store::{
    Access, Caller, Permissions, Quotas, StoreError, Token, TransactionId, WatchEvent, Xenstore,
};
use sim_wasm::words::ids::DomId;

const TOOLS: Caller = Caller::of(DomId::DOM0);
const A: DomId = DomId(1);
const B: DomId = DomId(2);

/// A store where domain 1 and domain 2 each own `/local/domain/N/data`, and may read each other's.
fn store() -> Xenstore {
    let mut store = Xenstore::new(Quotas::default());
    for (owner, reader) in [(A, B), (B, A)] {
        let path = format!("/local/domain/{}/data", owner.0);
        store.mkdir(TOOLS, &path).expect("dom0 may");
        store.set_permissions(TOOLS, &path, Permissions::shown_to(owner, reader)).expect("dom0 may");
    }
    store
}

fn read(store: &mut Xenstore, caller: Caller, path: &str) -> Result<String, StoreError> {
    store.read(caller, path).map(|value| String::from_utf8_lossy(value).into_owned())
}

#[test]
fn paths_are_checked() {
    let mut store = store();
    let long = |length: usize| format!("/{}", "a".repeat(length - 1));
    for (path, outcome) in [
        ("/a", Ok(())),
        ("/a/b-c_d/@9", Ok(())),
        ("", Err(StoreError::Invalid)),
        ("/a/", Err(StoreError::Invalid)),
        ("/a//b", Err(StoreError::Invalid)),
        ("/a b", Err(StoreError::Invalid)),
        ("/ä", Err(StoreError::Invalid)),
        ("/a\0", Err(StoreError::Invalid)),
        (&long(3072), Ok(())),
        (&long(3073), Err(StoreError::Invalid)),
        (&long(2049)[1..], Ok(())),
        (&"a".repeat(2049), Err(StoreError::Invalid)),
    ] {
        assert_eq!(store.write(TOOLS, path, b""), outcome, "`{path}`");
    }
    store.write(Caller::of(A), "data/x", b"mine").expect("it owns the directory");
    assert_eq!(read(&mut store, TOOLS, "/local/domain/1/data/x").as_deref(), Ok("mine"));
    assert_eq!(store.directory(TOOLS, "/local/domain").as_deref(), Ok(["0", "1", "2"].map(str::to_owned).as_slice()));
}

#[test]
fn permissions_let_and_keep() {
    let mut store = store();
    let (a, b) = (Caller::of(A), Caller::of(B));
    store.write(a, "data/x", b"1").expect("it owns the directory");
    let x = "/local/domain/1/data/x";
    assert_eq!(read(&mut store, b, x).as_deref(), Ok("1"), "what is made has the permissions of what is above");
    assert_eq!(store.write(b, x, b"2"), Err(StoreError::Denied));
    assert_eq!(store.remove(b, x), Err(StoreError::Denied));
    assert_eq!(store.write(b, "/local/domain/1/data/y", b"2"), Err(StoreError::Denied));
    assert_eq!(store.write(b, "/elsewhere", b"2"), Err(StoreError::Denied));
    assert_eq!(read(&mut store, b, "/local/domain/1/data/y"), Err(StoreError::NoEntry));
    store.set_permissions(a, x, Permissions::private(A)).expect("it is the owner's to say");
    assert_eq!(read(&mut store, b, x), Err(StoreError::Denied));
    assert_eq!(read(&mut store, b, &format!("{x}/below")), Err(StoreError::Denied), "not even that there is nothing");
    let both = Permissions { owner: A, others: Access::None, listed: vec![(B, Access::Both)] };
    store.set_permissions(a, x, both).expect("it is the owner's to say");
    store.write(b, x, b"2").expect("it was let");
    assert_eq!(store.set_permissions(b, x, Permissions::private(B)), Err(StoreError::Denied));
    assert_eq!(store.set_permissions(a, x, Permissions::private(B)), Err(StoreError::Denied), "nobody gives away");
    assert_eq!(store.permissions(a, x).map(|permissions| permissions.owner), Ok(A));
    assert_eq!(store.remove(TOOLS, "/"), Err(StoreError::Invalid));
    store.remove(a, "data/none").expect("what is not there is removed already");
    assert_eq!(store.remove(TOOLS, "/no/where"), Err(StoreError::NoEntry));
}

#[test]
fn a_guest_has_its_share_and_dom0_is_not_limited() {
    let quotas = Quotas { nodes: 5, value: 10, watches: 2, transactions: 2 };
    let mut store = Xenstore::new(quotas);
    store.mkdir(TOOLS, "/g").expect("dom0 may");
    store.set_permissions(TOOLS, "/g", Permissions::private(A)).expect("dom0 may");
    let a = Caller::of(A);
    store.write(a, "/g/1/2/3", b"").expect("four nodes are its own now");
    assert_eq!(store.write(a, "/g/4/5", b""), Err(StoreError::NoSpace));
    assert_eq!(store.directory(a, "/g").as_deref(), Ok(["1".to_owned()].as_slice()), "nothing is made by half");
    store.write(a, "/g/4", &[0; 10]).expect("it has one node left");
    assert_eq!(store.write(a, "/g/4", &[0; 11]), Err(StoreError::NoSpace));
    assert_eq!(store.write(TOOLS, "/t", &[0; 4097]), Err(StoreError::TooBig));
    store.write(TOOLS, "/t/u/v/w/x/y/z", &[0; 4096]).expect("dom0 is not limited");
    for token in 0..2 {
        store.watch(A, "/g", Token(token)).expect("it may have two");
    }
    assert_eq!(store.watch(A, "/g/1", Token(9)), Err(StoreError::NoSpace));
    assert_eq!(store.watch(DomId::DOM0, "/g", Token(0)), Ok(()));
    assert_eq!(store.watch(DomId::DOM0, "/g", Token(0)), Err(StoreError::Exists));
    let first = store.transaction_start(A).expect("it may have two");
    store.transaction_start(A).expect("it may have two");
    assert_eq!(store.transaction_start(A), Err(StoreError::NoSpace));
    // A share that is used up while a transaction is open fails the transaction, whole.
    store.remove(a, "/g/4").expect("it is its own");
    store.transaction_abort(A, first).expect("it is open");
    let late = store.transaction_start(A).expect("there is room again");
    store.write(a.within(late), "/g/1/2/3/4", b"").expect("there is room for one");
    store.write(a, "/g/5", b"").expect("there is room for one");
    assert_eq!(store.transaction_end(A, late), Err(StoreError::NoSpace));
    assert_eq!(store.directory(a, "/g/1/2/3").as_deref(), Ok([].as_slice()));
    store.release(A);
    assert_eq!(store.unwatch(A, "/g", Token(0)), Err(StoreError::NoEntry));
    assert_eq!(store.transaction_end(A, late), Err(StoreError::NoEntry));
}

#[test]
fn watches_fire_for_what_lies_below_and_for_what_vanishes_above() {
    let mut store = store();
    let take = |store: &mut Xenstore| -> Vec<(u16, String)> {
        std::iter::from_fn(|| store.next_event())
            .map(|WatchEvent { domain, path, .. }| (domain.0, path.replace("/local/domain/1/data", "~")))
            .collect()
    };
    let a = Caller::of(A);
    store.watch(A, "data", Token(1)).expect("it has a share");
    store.watch(B, "/local/domain/1/data/x/y", Token(1)).expect("it has a share");
    let event = |domain: u16, path: &str| (domain, path.to_owned());
    assert_eq!(take(&mut store), [event(1, "~"), event(2, "~/x/y")], "the first event comes at once");
    store.write(a, "data/x", b"").expect("it owns the directory");
    assert_eq!(take(&mut store), [event(1, "~/x")]);
    store.write(a, "data/x/y", b"").expect("it owns the directory");
    assert_eq!(take(&mut store), [event(1, "~/x/y"), event(2, "~/x/y")]);
    store.write(a, "data/xy", b"").expect("it owns the directory");
    assert_eq!(take(&mut store), [event(1, "~/xy")], "a name is not a path");
    store.remove(a, "data/x").expect("it owns the directory");
    assert_eq!(take(&mut store), [event(1, "~/x"), event(2, "~/x/y")]);
    // Whoever may not read a node learns nothing of it (XSA-115).
    store.write(a, "data/x", b"").expect("it owns the directory");
    store.set_permissions(a, "data/x", Permissions::private(A)).expect("it owns the node");
    take(&mut store);
    store.write(a, "data/x/y", b"").expect("it owns the directory");
    store.remove(a, "data/x").expect("it owns the directory");
    assert_eq!(take(&mut store), [event(1, "~/x/y"), event(1, "~/x")]);
    // A transaction's events come when it ends, and none when it is forgotten.
    for ends in [false, true] {
        let id = store.transaction_start(A).expect("it has a share");
        store.write(a.within(id), "data/t", b"").expect("it owns the directory");
        assert_eq!(take(&mut store), []);
        if ends { store.transaction_end(A, id) } else { store.transaction_abort(A, id) }.expect("it is open");
        assert_eq!(take(&mut store).len(), usize::from(ends));
    }
    store.write(a, "data/z", b"").expect("it owns the directory");
    store.unwatch(A, "data", Token(1)).expect("it watches");
    assert_eq!(take(&mut store), [], "what was not taken is gone with its watch");
}

#[test]
fn transactions_see_what_was_there_and_end_only_if_it_still_is() {
    // What somebody else does meanwhile, and whether a transaction that read `data/x`, wrote `data/new/y` and looked for
    // `data/none` can end.
    for (other, ends) in [
        (None, true),
        (Some(("data/other/z", "1")), false),
        (Some(("data/x", "2")), false),
        (Some(("data/x", "1")), false),
        (Some(("data/x/below", "1")), false),
        (Some(("data/none", "1")), false),
        (Some(("data/far/z", "1")), true),
    ] {
        let mut store = store();
        let a = Caller::of(A);
        for path in ["data/x", "data/far"] {
            store.write(a, path, b"1").expect("it owns the directory");
        }
        let id = store.transaction_start(A).expect("it has a share");
        let inside = a.within(id);
        assert_eq!(read(&mut store, inside, "data/x").as_deref(), Ok("1"));
        assert_eq!(read(&mut store, inside, "data/none"), Err(StoreError::NoEntry));
        store.write(inside, "data/new/y", b"3").expect("it owns the directory");
        if let Some((path, value)) = other {
            store.write(TOOLS, &format!("/local/domain/1/{path}"), value.as_bytes()).expect("dom0 may");
        }
        assert_eq!(read(&mut store, inside, "data/x").as_deref(), Ok("1"), "it sees what was there");
        assert_eq!(read(&mut store, inside, "data/new/y").as_deref(), Ok("3"), "and what it wrote");
        assert_eq!(read(&mut store, a, "data/new/y"), Err(StoreError::NoEntry), "which nobody else does");
        assert_eq!(store.transaction_end(B, id), Err(StoreError::NoEntry), "it is not another's to end");
        let outcome = if ends { Ok(()) } else { Err(StoreError::Again) };
        assert_eq!(store.transaction_end(A, id), outcome, "{other:?}");
        assert_eq!(read(&mut store, a, "data/new/y").is_ok(), ends, "{other:?}");
        assert_eq!(store.transaction_end(A, id), Err(StoreError::NoEntry));
    }
}

/// What a property does: on one of few paths, as one of three domains, in one of two transactions or in none.
#[derive(Clone, Debug)]
enum Command {
    Write(String, u8),
    Read(String),
    List(String),
    Mkdir(String),
    Remove(String),
    Hide(String, bool),
    Start,
    End,
    Abort,
}

fn command() -> impl Strategy<Value = (u16, bool, Command)> {
    let name = || prop_oneof![Just("a"), Just("b"), Just("c")];
    let path = || {
        (1_u16..3, proptest::collection::vec(name(), 0..3)).prop_map(|(domain, names)| {
            let mut path = format!("/local/domain/{domain}/data");
            names.iter().for_each(|name| path.extend(["/", name]));
            path
        })
    };
    let command = prop_oneof![
        6 => (path(), any::<u8>()).prop_map(|(path, value)| Command::Write(path, value)),
        4 => path().prop_map(Command::Read),
        2 => path().prop_map(Command::List),
        1 => path().prop_map(Command::Mkdir),
        2 => path().prop_map(Command::Remove),
        1 => (path(), any::<bool>()).prop_map(|(path, hide)| Command::Hide(path, hide)),
        2 => Just(Command::Start),
        2 => Just(Command::End),
        1 => Just(Command::Abort),
    ];
    (0_u16..3, any::<bool>(), command)
}

/// Does what is no matter of transactions; what was seen comes back.
fn obey(store: &mut Xenstore, caller: Caller, command: &Command) -> Result<Vec<u8>, StoreError> {
    match command {
        Command::Write(path, value) => store.write(caller, path, &[*value]).map(|()| Vec::new()),
        Command::Read(path) => store.read(caller, path).map(<[u8]>::to_vec),
        Command::List(path) => store.directory(caller, path).map(|names| names.join(" ").into_bytes()),
        Command::Mkdir(path) => store.mkdir(caller, path).map(|()| Vec::new()),
        Command::Remove(path) => store.remove(caller, path).map(|()| Vec::new()),
        Command::Hide(path, hide) => {
            let owner = if caller.domain == DomId::DOM0 { A } else { caller.domain };
            let permissions = if *hide { Permissions::private(owner) } else { Permissions::shown_to(owner, B) };
            store.set_permissions(caller, path, permissions).map(|()| Vec::new())
        }
        Command::Start | Command::End | Command::Abort => Ok(Vec::new()),
    }
}

fn nodes(store: &Xenstore) -> BTreeMap<String, Vec<u8>> {
    store.nodes().map(|(path, value)| (path.to_owned(), value.to_vec())).collect()
}

proptest! {
    /// Whatever is interleaved, the store and everything that was seen are as if each transaction that ended well had run
    /// whole at its end, and no other ever; each node's parent is there; and nobody changes what is not his.
    #[test]
    fn transactions_run_as_if_one_after_the_other(commands in proptest::collection::vec(command(), 0..80)) {
        let mut real = store();
        let mut serial = store();
        // The open transaction of each domain: what was done in it, and what was seen.
        type Done = Vec<(Command, Result<Vec<u8>, StoreError>)>;
        let mut open: BTreeMap<u16, (TransactionId, Done)> = BTreeMap::new();
        for (domain, inside, command) in commands {
            let caller = Caller::of(DomId(domain));
            match command {
                Command::Start => {
                    open.entry(domain).or_insert_with(|| {
                        (real.transaction_start(DomId(domain)).expect("one each is allowed"), Vec::new())
                    });
                }
                Command::End => {
                    let Some((id, done)) = open.remove(&domain) else { continue };
                    match real.transaction_end(DomId(domain), id) {
                        Ok(()) => {
                            for (command, seen) in done {
                                let again = obey(&mut serial, caller, &command);
                                prop_assert_eq!(&again, &seen, "{:?}", command);
                            }
                        }
                        Err(error) => prop_assert_eq!(error, StoreError::Again),
                    }
                }
                Command::Abort => {
                    let Some((id, _)) = open.remove(&domain) else { continue };
                    real.transaction_abort(DomId(domain), id).expect("it is open");
                }
                command => match open.get_mut(&domain) {
                    Some((id, done)) if inside => {
                        let seen = obey(&mut real, caller.within(*id), &command);
                        done.push((command, seen));
                    }
                    _ => {
                        let before = nodes(&real);
                        let seen = obey(&mut real, caller, &command);
                        prop_assert_eq!(&seen, &obey(&mut serial, caller, &command));
                        if seen.is_err() {
                            prop_assert_eq!(before, nodes(&real));
                        }
                    }
                },
            }
            prop_assert_eq!(nodes(&real), nodes(&serial));
            for path in nodes(&real).keys() {
                let above = path.rsplit_once('/').map_or("/", |(above, _)| if above.is_empty() { "/" } else { above });
                prop_assert!(nodes(&real).contains_key(above), "{} has no parent", path);
            }
        }
    }

    /// A transaction ends well if nobody else changed anything.
    #[test]
    fn alone_every_transaction_ends(
        before in proptest::collection::vec(command(), 0..20),
        commands in proptest::collection::vec(command(), 0..40),
    ) {
        let mut store = store();
        for (_, _, command) in before {
            let _ = obey(&mut store, TOOLS, &command);
        }
        let id = store.transaction_start(DomId::DOM0).expect("dom0 may");
        let mut direct = store.clone();
        for (_, _, command) in commands {
            let inside = obey(&mut store, TOOLS.within(id), &command);
            prop_assert_eq!(inside, obey(&mut direct, TOOLS, &command));
        }
        prop_assert_eq!(store.transaction_end(DomId::DOM0, id), Ok(()));
        prop_assert_eq!(nodes(&store), nodes(&direct));
    }

    /// Any bytes are a path or none, and nothing else happens.
    #[test]
    fn any_text_can_be_a_path(path in ".{0,40}", value in proptest::collection::vec(any::<u8>(), 0..20)) {
        let mut store = store();
        for caller in [TOOLS, Caller::of(A)] {
            let _ = (store.write(caller, &path, &value), store.watch(caller.domain, &path, Token(0)));
            let _ = (store.directory(caller, &path), store.remove(caller, &path));
        }
    }
}
