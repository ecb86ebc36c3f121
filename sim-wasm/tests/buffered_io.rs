//! An HVM guest's buffered writes in a whole machine: held until somebody looks, done before whatever asks for something, in
//! their order, and none lost.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::hvm::device_model::BUFFER_IO_MAX_DELAY;
use sim_wasm::actors::hvm::release::Release;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::machine::buffered_io::{BufferedIo, Cause, Settings, VIDEO_BASE, Went};
use sim_wasm::protocols::buffered_ioreq::BUFFER_SLOTS;
use sim_wasm::protocols::ioreq::{Direction, IoReq};
use sim_wasm::words::time::Time;

const WAKE: u64 = 30_000;

fn machine(release: Release) -> BufferedIo {
    BufferedIo::new(Settings { release, wake: WAKE })
}

fn told(machine: &BufferedIo, is_it: impl Fn(&Hvm) -> bool) -> usize {
    machine.log().entries().iter().filter(|entry| matches!(&entry.event, Event::Hvm(event) if is_it(event))).count()
}

#[test]
fn a_write_is_held_until_the_timer_is_due_or_the_device_model_was_notified() {
    for (release, due) in [(Release::Xen33, BUFFER_IO_MAX_DELAY), (Release::Today, 5_000 + WAKE)] {
        let mut machine = machine(release);
        machine.run_until(Time(5_000));
        assert_eq!(
            (machine.write(VIDEO_BASE, 2, 0x0741), machine.write(VIDEO_BASE + 2, 2, 0x0742)),
            (Went::Buffered, Went::Buffered)
        );
        let costs = machine.costs();
        assert_eq!((costs.exits.total(), costs.buffered, costs.requests, costs.switches), (2, 2, 0, 0));
        assert_eq!(costs.events > 0, release == Release::Today);
        assert_eq!(machine.due(), Some(Time(due)));
        machine.run_until(Time(due - 1));
        assert_eq!((machine.held(), machine.video(VIDEO_BASE)), (2, 0));
        machine.run_until(Time(due));
        assert_eq!((machine.held(), machine.video(VIDEO_BASE), machine.video(VIDEO_BASE + 2)), (0, 0x41, 0x42));
        assert!(machine.served().iter().all(|served| (served.at, served.cause) == (Time(due), Cause::Looked)));
        let timer = release == Release::Xen33;
        assert_eq!(told(&machine, |event| *event == Hvm::BufferLooked { waiting: 2, timer }), 1);
        // The timer runs whether or not there is something; a notified device model sleeps.
        machine.run_until(Time(due + 10 * BUFFER_IO_MAX_DELAY));
        let looks = told(&machine, |event| matches!(event, Hvm::BufferLooked { waiting: 0, .. }));
        assert_eq!(looks, if timer { 10 } else { 0 });
    }
}

#[test]
fn a_request_has_all_buffered_writes_done_first() {
    for release in Release::ALL {
        let mut machine = machine(release);
        for number in 0..3 {
            machine.write(VIDEO_BASE + number, 1, u64::from(number) + 1);
        }
        assert_eq!(machine.read(VIDEO_BASE, 4), 0x0003_0201);
        let causes: Vec<Cause> = machine.served().iter().map(|served| served.cause).collect();
        assert_eq!(causes, [Cause::BeforeRequest, Cause::BeforeRequest, Cause::BeforeRequest, Cause::Request]);
        // The request was taken into service before the writes were done, and answered after.
        let order = |event: &Hvm| match event {
            Hvm::RequestTaken { .. } => Some('r'),
            Hvm::BufferedTaken { .. } => Some('b'),
            Hvm::RequestAnswered { .. } => Some('a'),
            _ => None,
        };
        let entries = machine.log().entries().iter();
        let all = entries.filter_map(|entry| if let Event::Hvm(event) = &entry.event { order(event) } else { None });
        assert_eq!(all.collect::<String>(), "rbbba");
        // Nothing is left for a look.
        machine.run_until(Time(BUFFER_IO_MAX_DELAY));
        assert_eq!((machine.held(), machine.served().len()), (0, 4));
    }
}

#[test]
fn a_write_without_room_goes_the_synchronous_way_and_stays_behind_the_others() {
    let mut machine = machine(Release::Xen33);
    for number in 0..BUFFER_SLOTS {
        assert_eq!(machine.write(VIDEO_BASE, 4, u64::from(number)), Went::Buffered);
    }
    assert_eq!((machine.held(), machine.served().len()), (BUFFER_SLOTS, 0));
    assert_eq!(machine.write(VIDEO_BASE, 4, 0x1234), Went::Synchronously);
    assert_eq!((machine.held(), machine.costs().requests), (0, 1));
    assert_eq!(machine.read(VIDEO_BASE, 4), 0x1234);
    assert_eq!(told(&machine, |event| *event == Hvm::BufferFull { waiting: BUFFER_SLOTS }), 1);
    // A value of eight bytes needs two slots.
    (0..BUFFER_SLOTS - 1).for_each(|_| assert_eq!(machine.write(VIDEO_BASE, 1, 0), Went::Buffered));
    assert_eq!(machine.write(VIDEO_BASE + 8, 8, u64::MAX), Went::Synchronously);
}

proptest! {
    /// Whatever a guest does and however long nobody looks: the device sees every access once, in the guest's order; a write is
    /// the synchronous way only if the page has no room; none is held longer than the release allows; and a read reads what
    /// was written last.
    #[test]
    fn the_device_sees_the_guest_s_order(
        steps in proptest::collection::vec((0_u8..8, 0_u32..64, 0_u32..4, any::<u64>()), 1..200),
        burst in 1_u32..140,
        today in any::<bool>(),
        wake in 0_u64..1_000_000,
    ) {
        let release = if today { Release::Today } else { Release::Xen33 };
        let mut machine = BufferedIo::new(Settings { release, wake });
        let most = if today { wake } else { BUFFER_IO_MAX_DELAY };
        let mut video = [0_u8; 64];
        let (mut issued, mut moments) = (Vec::new(), Vec::new());
        for (what, place, order, data) in steps {
            let (size, place) = (1 << order, place >> order << order);
            let addr = VIDEO_BASE + place;
            let at = place as usize..place as usize + size as usize;
            let cut = data & u64::MAX >> (64 - 8 * size);
            match what {
                0..=4 => {
                    for _ in 0..burst {
                        let room = machine.held() + if size == 8 { 2 } else { 1 } <= BUFFER_SLOTS;
                        let went = machine.write(addr, size, cut);
                        prop_assert_eq!(went == Went::Buffered, room);
                        issued.push((Direction::Write, u64::from(addr), size, cut));
                        moments.push(machine.now());
                    }
                    video[at.clone()].copy_from_slice(&cut.to_le_bytes()[..size as usize]);
                }
                5 => {
                    let mut expect = [0; 8];
                    expect[..size as usize].copy_from_slice(&video[at]);
                    prop_assert_eq!(machine.read(addr, size), u64::from_le_bytes(expect));
                    prop_assert_eq!(machine.held(), 0);
                    issued.push((Direction::Read, u64::from(addr), size, 0));
                    moments.push(machine.now());
                }
                _ => machine.run_until(machine.now() + data % (2 * BUFFER_IO_MAX_DELAY)),
            }
        }
        machine.run_until(machine.now() + most);
        prop_assert_eq!(machine.held(), 0);
        let parts = |request: &IoReq| (request.direction, request.addr, request.size, request.data);
        let served: Vec<_> = machine.served().iter().map(|served| parts(&served.request)).collect();
        prop_assert_eq!(served, issued, "each once, and in order");
        for (served, issued) in machine.served().iter().zip(moments) {
            prop_assert!(served.at.since(issued) <= most && served.at >= issued);
            prop_assert!(served.cause != Cause::Request || served.at == issued);
        }
        prop_assert!((0..64).all(|place| machine.video(VIDEO_BASE + place) == video[place as usize]));
    }
}
