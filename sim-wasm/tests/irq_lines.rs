//! Interrupt lines of a guest: the classic flow, and late ends with what puts them off.

use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use sim_wasm::hypervisor::guest_irqs::{EVENT_EOI_DELAY, EVENT_LOOP_TIMEOUT, Eoi, EventLoop, HZ, IrqLine, JIFFY};
use sim_wasm::hypervisor::page::Page;
use sim_wasm::hypervisor::shared_info::{Raised, UpcallScan, is_masked, is_pending, mask_all, set_pending};
use sim_wasm::words::ids::{Port, VcpuId};
use sim_wasm::words::time::Time;

const PORT: Port = Port(7);
const VCPU: VcpuId = VcpuId(0);

fn jiffies(count: u64) -> Time {
    Time(count * JIFFY)
}

/// What a vCPU does in an upcall before it looks at ports.
fn enter(page: &mut Page) -> Option<Port> {
    let mut scan = UpcallScan::new(VCPU);
    scan.begin(page);
    scan.next_port(page)
}

#[test]
fn a_classic_line_is_masked_only_while_it_is_served() {
    let (mut page, line) = (Page::zeroed(), IrqLine::new(PORT, VCPU));
    assert_eq!(set_pending(&mut page, PORT, VCPU), Raised::Upcall);
    assert_eq!(enter(&mut page), Some(PORT));
    line.ack(&mut page);
    assert!(is_masked(&page, PORT) && !is_pending(&page, PORT));
    assert_eq!(set_pending(&mut page, PORT, VCPU), Raised::Masked);
    assert_eq!(line.end(&mut page), Some(Raised::Upcall), "what came meanwhile calls at once");
    line.ack(&mut page);
    assert_eq!(line.end(&mut page), None);
    assert!(!is_masked(&page, PORT));
}

#[test]
fn a_late_line_stays_masked_until_its_driver_is_done() {
    let (mut page, mut line) = (Page::zeroed(), IrqLine::new(PORT, VCPU));
    set_pending(&mut page, PORT, VCPU);
    assert_eq!(enter(&mut page), Some(PORT));
    assert!(line.late_ack(&mut page));
    assert!(!line.late_ack(&mut page), "a line that is served is not served again");
    for _ in 0..1000 {
        set_pending(&mut page, PORT, VCPU);
        assert_eq!(enter(&mut page), None, "a storm of events is not heard");
    }
    assert_eq!(line.late_eoi(&mut page, Time(1), false), Eoi::Now(Some(Raised::Upcall)));
    assert_eq!(line.late_eoi(&mut page, Time(1), false), Eoi::Nothing, "an interrupt ends once");
    assert!(!line.is_active() && !is_masked(&page, PORT));
}

#[test]
fn two_reasons_to_mask_are_two() {
    let (mut page, mut line) = (Page::zeroed(), IrqLine::new(PORT, VCPU));
    assert!(line.late_ack(&mut page));
    line.disable(&mut page);
    set_pending(&mut page, PORT, VCPU);
    assert_eq!(line.late_eoi(&mut page, Time(0), false), Eoi::Now(None));
    assert!(is_masked(&page, PORT), "the driver has disabled the line");
    assert_eq!(line.enable(&mut page), Some(Raised::Upcall));
    line.disable(&mut page);
    line.ack(&mut page);
    assert_eq!(line.end(&mut page), None);
    assert!(is_masked(&page, PORT));
}

/// Events in a row without work: the first is free, the second costs a jiffy, and then the worker forgives both.
#[test]
fn every_second_event_without_work_costs_a_jiffy() {
    let (mut page, mut line) = (Page::zeroed(), IrqLine::new(PORT, VCPU));
    let mut now = Time(JIFFY / 2);
    for round in 1..=8 {
        assert!(line.late_ack(&mut page));
        assert_eq!(line.late_eoi(&mut page, now, true), Eoi::Now(None));
        assert!(line.late_ack(&mut page));
        let Eoi::At(due) = line.late_eoi(&mut page, now, true) else { unreachable!("the second is put off") };
        assert_eq!(due.0, (now.0 / JIFFY + 1) * JIFFY, "the kernel's clock counts whole jiffies");
        set_pending(&mut page, PORT, VCPU);
        assert_eq!(line.late_eoi(&mut page, now, false), Eoi::Nothing, "it waits already");
        assert_eq!(line.late_eoi_worker(&mut page, now), Eoi::At(due), "not yet");
        assert!(is_masked(&page, PORT));
        now = due;
        assert!(matches!(line.late_eoi_worker(&mut page, now), Eoi::Now(Some(_))));
        assert_eq!(line.late_eoi_worker(&mut page, now), Eoi::Nothing);
        assert_eq!((line.spurious_events, line.jiffies_eoi_delayed), (2 * round, u64::from(round)));
    }
}

/// A good event in between, and nothing is put off.
#[test]
fn work_forgives_what_was_spurious() {
    let (mut page, mut line) = (Page::zeroed(), IrqLine::new(PORT, VCPU));
    for event in 0..100 {
        assert!(line.late_ack(&mut page));
        assert_eq!(line.late_eoi(&mut page, Time(event), event % 2 == 0), Eoi::Now(None));
    }
    assert_eq!((line.spurious_events, line.jiffies_eoi_delayed), (50, 0));
}

#[test]
fn a_device_may_be_granted_more_events_without_work() {
    let (mut page, mut line) = (Page::zeroed(), IrqLine::new(PORT, VCPU));
    line.spurious_threshold = 5;
    let ends = (0..6).map(|_| {
        assert!(line.late_ack(&mut page));
        line.late_eoi(&mut page, jiffies(3), true)
    });
    let ends: Vec<Eoi> = ends.collect();
    assert_eq!(ends[..5], [Eoi::Now(None); 5]);
    assert_eq!(ends[5], Eoi::At(jiffies(4)));
}

/// An upcall looks at the clock with its 256th event, and at each 256th from then.
#[test]
fn an_upcall_that_lasts_too_long_puts_ends_off() {
    let (mut page, mut line) = (Page::zeroed(), IrqLine::new(PORT, VCPU));
    let mut upcall = EventLoop::new();
    for _ in 0..256 {
        upcall.count_event(jiffies(100));
    }
    assert!(!upcall.defers());
    for _ in 0..255 {
        upcall.count_event(jiffies(200));
    }
    assert!(!upcall.defers(), "the clock is not looked at in between");
    let mut patient = upcall;
    patient.count_event(jiffies(100 + EVENT_LOOP_TIMEOUT));
    assert!(!patient.defers(), "two jiffies are not more than two");
    upcall.count_event(Time(jiffies(100 + EVENT_LOOP_TIMEOUT).0 + 1));
    assert!(upcall.defers());
    let now = jiffies(102);
    assert!(line.late_ack_within(&mut page, &upcall, now));
    let [mut later, mut slow] = [line; 2];
    // Whose time has passed when its handler comes to an end waits one jiffy all the same.
    assert_eq!(slow.late_eoi_within(&mut page, &upcall, jiffies(150), false), Eoi::At(jiffies(151)));
    assert_eq!(line.late_eoi_within(&mut page, &upcall, now, false), Eoi::At(jiffies(102 + EVENT_EOI_DELAY)));
    assert_eq!(line.late_eoi_worker(&mut page, jiffies(102 + EVENT_EOI_DELAY)), Eoi::Now(None));
    // A driver that ends after the upcall has left it: the loop is over, there is nothing to leave.
    upcall.finish();
    assert!(!upcall.defers());
    assert_eq!(later.late_eoi_within(&mut page, &upcall, now, false), Eoi::Now(None));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Send,
    Serve,
    End { spurious: bool },
    Wait(u16),
    Disable,
    Enable,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => proptest::strategy::Just(Step::Send),
        3 => proptest::strategy::Just(Step::Serve),
        3 => any::<bool>().prop_map(|spurious| Step::End { spurious }),
        2 => (0..300_u16).prop_map(Step::Wait),
        1 => proptest::strategy::Just(Step::Disable),
        1 => proptest::strategy::Just(Step::Enable),
    ]
}

proptest! {
    /// Whatever comes, an event is neither lost nor heard while the line is masked, and an end that was put off comes
    /// within a second.
    #[test]
    fn no_event_is_lost(steps in proptest::collection::vec(any_step(), 1..200)) {
        let (mut page, mut line) = (Page::zeroed(), IrqLine::new(PORT, VCPU));
        mask_all(&mut page);
        line.disable(&mut page);
        let (mut now, mut due, mut waits, mut enabled) = (Time::ZERO, None, false, false);
        for step in steps {
            match step {
                Step::Send => {
                    waits = true;
                    set_pending(&mut page, PORT, VCPU);
                }
                Step::Serve => {
                    let heard = enter(&mut page);
                    prop_assert_eq!(heard.is_some(), waits && enabled && !line.is_active());
                    if heard.is_some() {
                        waits = false;
                        prop_assert!(line.late_ack(&mut page));
                    }
                }
                Step::End { spurious } => match line.late_eoi(&mut page, now, spurious) {
                    Eoi::Now(_) => {}
                    Eoi::At(time) => {
                        prop_assert!(time > now && time.since(now) <= HZ * JIFFY);
                        due = Some(time);
                    }
                    Eoi::Nothing => prop_assert!(due.is_some() || !line.is_active()),
                },
                Step::Wait(parts) => now += u64::from(parts) * JIFFY / 100,
                Step::Disable => {
                    enabled = false;
                    line.disable(&mut page);
                }
                Step::Enable => {
                    enabled = true;
                    line.enable(&mut page);
                }
            }
            if let Some(time) = due.take_if(|time| *time <= now) {
                prop_assert!(matches!(line.late_eoi_worker(&mut page, time), Eoi::Now(_)));
            }
            prop_assert_eq!(is_masked(&page, PORT), line.is_active() || !enabled);
            prop_assert_eq!(is_pending(&page, PORT), waits);
        }
    }
}
