//! Interrupts of a real device in an HVM guest: lines shared and not, guests that answer, answer late or never, and messages.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::costs::Costs;
use sim_wasm::actors::hvm::Host;
use sim_wasm::actors::hvm::intx::{DpciIrqs, IntxPin, PT_IRQ_TIME_OUT, Raised};
use sim_wasm::actors::hvm::msi_binding::{GuestMsi, MsiBindings, PtIrqType};
use sim_wasm::actors::hvm::release::Release;
use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::hypervisor::message::Message;
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::words::time::Time;

struct World {
    xen: Xen,
    costs: Costs,
    log: Log,
    now: Time,
    irqs: DpciIrqs,
}

macro_rules! host {
    ($world:expr) => {
        &mut Host { xen: &mut $world.xen, costs: &mut $world.costs, now: $world.now, log: &mut $world.log }
    };
}

const NIC: IntxPin = IntxPin { device: 6, intx: 0 };
const DISK: IntxPin = IntxPin { device: 7, intx: 0 };

impl World {
    fn new(release: Release) -> World {
        let irqs = DpciIrqs::new(release);
        World { xen: Xen::new(4), costs: Costs::default(), log: Log::new(), now: Time(1), irqs }
    }

    fn physical_ends(&self, irq: u8) -> usize {
        let is_it = |event: &Event| matches!(event, Event::Hvm(Hvm::PhysicalEoi { irq: other, .. }) if *other == irq);
        self.log.entries().iter().filter(|entry| is_it(&entry.event)).count()
    }
}

#[test]
fn a_guest_s_end_is_the_machine_s_end() {
    let mut world = World::new(Release::Xen33);
    world.irqs.bind(19, NIC);
    assert_eq!(world.irqs.raise(host!(world), 19), Raised::Asserted);
    assert_eq!((world.irqs.pending(19), world.irqs.is_high(NIC)), ((1, true), true));
    assert_eq!(world.irqs.raise(host!(world), 19), Raised::Masked);
    assert!(!world.irqs.guest_eoi(host!(world), DISK.gsi()), "that is another line");
    assert!(world.irqs.guest_eoi(host!(world), NIC.gsi()));
    assert_eq!((world.irqs.pending(19), world.irqs.is_high(NIC)), ((0, false), false));
    assert_eq!(world.irqs.raise(host!(world), 20), Raised::Unbound);
    // An exit for the interrupt, and one for each end that the guest writes.
    assert_eq!((world.costs.exits.total(), world.costs.guest_interrupts, world.costs.requests), (3, 1, 0));
}

#[test]
fn a_line_of_two_devices_is_ended_by_the_last() {
    let mut world = World::new(Release::Today);
    world.irqs.bind(19, NIC);
    world.irqs.bind(19, DISK);
    world.irqs.raise(host!(world), 19);
    assert!(!world.irqs.guest_eoi(host!(world), NIC.gsi()));
    assert!(!world.irqs.guest_eoi(host!(world), NIC.gsi()), "twice is not both");
    assert!(world.irqs.guest_eoi(host!(world), DISK.gsi()));
}

#[test]
fn a_guest_that_never_answers_is_waited_for_8_ms_by_3_3_only() {
    for (release, ended) in [(Release::Xen33, 1), (Release::Today, 0)] {
        let mut world = World::new(release);
        world.irqs.bind(19, NIC);
        world.irqs.raise(host!(world), 19);
        let timer = (release == Release::Xen33).then_some(Time(1) + PT_IRQ_TIME_OUT);
        assert_eq!(world.irqs.timer(), timer);
        world.now += PT_IRQ_TIME_OUT - 1;
        assert_eq!(world.irqs.handle_timer(host!(world)), 0);
        world.now += 1;
        assert_eq!(world.irqs.handle_timer(host!(world)), ended);
        assert_eq!(world.irqs.pending(19), (1 - ended, ended == 0));
        // Late is too late.
        world.irqs.guest_eoi(host!(world), NIC.gsi());
        assert_eq!(world.physical_ends(19), 1);
    }
}

#[test]
fn a_message_is_the_guest_s_vector_and_needs_no_end() {
    let mut world = World::new(Release::Xen33);
    let mut messages = MsiBindings::new();
    let message = Message { address: 0xFEE0_3000, data: 0x0041 };
    assert!(messages.bind(host!(world), &mut world.irqs, 48, message));
    assert_eq!(messages.kind(48), Some(PtIrqType::Msi));
    let guest = GuestMsi { vector: 0x41, dest: 3 };
    assert_eq!(
        (messages.deliver(host!(world), &mut world.irqs, 48), messages.deliver(host!(world), &mut world.irqs, 49)),
        (Some(guest), None)
    );
    assert_eq!((world.costs.exits.total(), world.costs.guest_interrupts), (1, 1));
    messages.translate(host!(world), &mut world.irqs, 48, NIC);
    assert_eq!(
        (messages.kind(48), messages.deliver(host!(world), &mut world.irqs, 48)),
        (Some(PtIrqType::MsiTranslate), None)
    );
    let elsewhere = Message { address: 0x1000, ..message };
    let exception = Message { data: 14, ..message };
    for none in [elsewhere, exception] {
        assert!(!messages.bind(host!(world), &mut world.irqs, 48, none));
    }
    assert_eq!(messages.kind(48), None);
}

/// A message shown as a line: the line rises with it and falls with the guest's EOI, beside the machine's line of the same number.
#[test]
fn a_message_shown_as_a_line_is_lowered_by_the_guest_s_end() {
    for release in [Release::Xen33, Release::Today] {
        let mut world = World::new(release);
        let mut messages = MsiBindings::new();
        messages.translate(host!(world), &mut world.irqs, 48, NIC);
        world.irqs.bind(48, DISK);
        let deliver = |world: &mut World| messages.deliver(host!(world), &mut world.irqs, 48);
        assert_eq!(deliver(&mut world), None);
        assert!(world.irqs.is_high(NIC) && !world.irqs.is_high(DISK), "the machine's line 48 is another interrupt");
        assert_eq!((world.irqs.pending_message(48), world.irqs.pending(48)), (1, (0, false)));
        assert_eq!(world.irqs.timer(), None, "nothing is masked, and nobody waits");
        // Another message finds the line high.
        assert_eq!(deliver(&mut world), None);
        assert_eq!((world.irqs.pending_message(48), world.costs.guest_interrupts), (1, 1));
        assert_eq!(world.costs.card_interrupts, 2);
        assert!(!world.irqs.guest_eoi(host!(world), DISK.gsi()) && world.irqs.is_high(NIC), "that is another line");
        assert!(!world.irqs.guest_eoi(host!(world), NIC.gsi()), "a message has no physical end");
        assert!(!world.irqs.is_high(NIC));
        let last = world.log.entries().last().expect("the end is told").event;
        assert_eq!(last, Event::Hvm(Hvm::IntxDeasserted { gsi: NIC.gsi(), pending: 0 }));
        assert_eq!((world.irqs.pending_message(48), world.physical_ends(48)), (0, 0));
        // It rises again, and falls with its binding.
        deliver(&mut world);
        assert!(world.irqs.is_high(NIC) && world.costs.guest_interrupts == 2);
        messages.unbind(&mut world.irqs, 48);
        assert!(!world.irqs.is_high(NIC) && messages.kind(48).is_none());
        assert_eq!(world.irqs.raise(host!(world), 48), Raised::Asserted, "the machine's line is still bound");
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Raise(u8),
    Eoi(u8),
    Wait(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (19_u8..22).prop_map(Step::Raise),
        (16_u8..48).prop_map(Step::Eoi),
        proptest::sample::select(vec![NIC.gsi(), DISK.gsi()]).prop_map(Step::Eoi),
        (0_u64..6_000_000).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Lines and pins bound in any way, raised and ended in any order, with guests that never answer: each assertion of a line
    /// has one physical end at most, and it comes exactly when nothing is pending any more or, in 3.3, when 8 ms are over.
    #[test]
    fn an_assertion_has_at_most_one_end_and_at_its_time(
        old in any::<bool>(),
        bound in proptest::collection::vec((19_u8..22, 0_u8..32, 0_u8..4), 1..8),
        steps in proptest::collection::vec(any_step(), 0..80),
    ) {
        let release = if old { Release::Xen33 } else { Release::Today };
        let mut world = World::new(release);
        world.irqs.bind(19, NIC);
        world.irqs.bind(20, DISK);
        for (irq, device, intx) in bound {
            world.irqs.bind(irq, IntxPin { device, intx });
        }
        let mut assertions = [0_usize; 3];
        let mut since = [Time(0); 3];
        for step in steps {
            let before = [19, 20, 21].map(|irq| (world.irqs.pending(irq), world.physical_ends(irq)));
            match step {
                Step::Raise(irq) => {
                    let place = usize::from(irq - 19);
                    let raised = world.irqs.raise(host!(world), irq);
                    prop_assert_eq!(raised == Raised::Masked, before[place].0.1);
                    if raised == Raised::Asserted {
                        assertions[place] += 1;
                        since[place] = world.now;
                        prop_assert!(world.irqs.pending(irq).0 > 0);
                    }
                }
                Step::Eoi(gsi) => {
                    world.irqs.guest_eoi(host!(world), gsi);
                }
                Step::Wait(nanos) => {
                    world.now += nanos;
                    world.irqs.handle_timer(host!(world));
                }
            }
            for (place, irq) in [19, 20, 21].into_iter().enumerate() {
                let ((had, served), ended) = before[place];
                let ((pending, serves), ends) = (world.irqs.pending(irq), world.physical_ends(irq));
                prop_assert!(ends <= assertions[place], "line {} ended more often than it was raised", irq);
                prop_assert_eq!(serves, pending > 0, "masked exactly while something is pending");
                let ended_now = ends > ended;
                prop_assert_eq!(ended_now, served && !serves);
                if ended_now {
                    let late = matches!(step, Step::Wait(_));
                    prop_assert!(!late || old && world.now.since(since[place]) >= PT_IRQ_TIME_OUT);
                    prop_assert!(late || had > 0);
                }
                if old && serves {
                    prop_assert!(world.now.since(since[place]) < PT_IRQ_TIME_OUT || !matches!(step, Step::Wait(_)));
                }
            }
        }
    }
}
