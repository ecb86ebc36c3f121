//! Netback against two frontends that write anything into their rings, change their grants while they are used, and ring
//! when they like; beside them a dom0 that keeps packets for as long as it wants, clones them, and sends packets of its own.
//!
//! Checked: nothing panics, a pass does a bounded amount of work, and when all interfaces are gone nothing of any guest is
//! mapped and no page of dom0's is lost.

mod backend;
mod frontend;

use sim_wasm::actors::kernel::{Ask, Kernel, Task, Timer};
use sim_wasm::actors::log::Log;
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::netback::settings::VifSettings;
use sim_wasm::actors::skb::{Frag, FragPage, SkbId, Skbs};
use sim_wasm::hypervisor::page::PAGE_SIZE;
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::words::ids::{DomId, Pfn, VifId};
use sim_wasm::words::time::Time;

use super::bytes::Bytes;
use backend::Backend;
use frontend::{Frontend, GUEST_PAGES};

/// Pages for packets of dom0's own: few, so that they run out.
const DOM0_PAGES: u32 = 80;
/// Frames beyond those of the domains: what the driver takes for itself, and pages to give away.
const SPARE_FRAMES: u32 = 90;
/// Entries of the log that one call into the driver may make: a pass over a full pool writes a few for each slot.
const MOST_ENTRIES: usize = 6_000;
/// Passes in a row of a driver that nobody gives more work: mainline ends its pass at each packet that it refuses.
const MOST_PASSES: u32 = 1_200;
/// Passes in a row of a driver that believes whatever a guest says of its work.
const PATIENCE: u32 = 20;

/// Plays the bytes.
pub fn play(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut world = World::new(&mut bytes);
    while let Some(command) = bytes.command() {
        world.obey(command, &mut bytes);
        world.check();
    }
    world.let_go();
}

struct World {
    xen: Xen,
    skbs: Skbs,
    now: Time,
    back: Backend,
    guests: [Frontend; 2],
    /// What dom0 keeps, oldest first.
    kept: Vec<SkbId>,
    due: Vec<Task>,
    timers: Vec<(Timer, Time)>,
    /// Pages that dom0's allocator had when the driver had taken its own.
    free_pages: u32,
}

impl World {
    fn new(bytes: &mut Bytes) -> Self {
        let (settings, credit) = (bytes.byte(), bytes.byte());
        let mut xen = Xen::new(DOM0_PAGES + 2 * (GUEST_PAGES + 4) + SPARE_FRAMES);
        xen.create_domain(DomId::DOM0, DOM0_PAGES).expect("there is room for dom0");
        let mut skbs = Skbs::new(DomId::DOM0, (0..DOM0_PAGES).map(Pfn).collect());
        let (mut log, mut asks, now) = (Log::new(), Vec::new(), Time::ZERO);
        let mut k = Kernel { xen: &mut xen, skbs: &mut skbs, now, log: &mut log, asks: &mut asks };
        let back = Backend::new(&mut k, settings);
        let guests = [1, 2].map(|id| Frontend::new(&mut xen, DomId(id), credit >> (id * 2)));
        let free_pages = skbs.free_pages();
        let mut world =
            Self { xen, skbs, now, back, guests, kept: Vec::new(), due: Vec::new(), timers: Vec::new(), free_pages };
        world.connect(0, credit);
        world.connect(1, credit);
        world
    }

    /// Has the driver do something, and notes what it asks for.
    fn with<R>(&mut self, call: impl FnOnce(&mut Backend, &mut Kernel) -> R) -> R {
        let (mut log, mut asks) = (Log::new(), Vec::new());
        let mut k = Kernel { xen: &mut self.xen, skbs: &mut self.skbs, now: self.now, log: &mut log, asks: &mut asks };
        let result = call(&mut self.back, &mut k);
        while let Some(data) = k.skbs.take_unpinned() {
            self.back.page_release(&mut k, data);
        }
        assert!(log.entries().len() < MOST_ENTRIES, "{} entries at once", log.entries().len());
        for ask in asks {
            match ask {
                Ask::Run(task) if !self.due.contains(&task) => self.due.push(task),
                Ask::Arm(timer, time) => {
                    self.timers.retain(|(other, _)| *other != timer);
                    self.timers.extend(time.map(|time| (timer, time)));
                }
                Ask::Received(_, skb) => self.kept.push(skb),
                Ask::Run(_) | Ask::Upcall(..) | Ask::WakeVif(_) | Ask::CarrierOff(_) => {}
                Ask::Arrived(..) | Ask::WakeFront(_) | Ask::SlotReturned(..) => panic!("{ask:?} is not netback's"),
            }
        }
        result
    }

    fn obey(&mut self, command: u8, bytes: &mut Bytes) {
        let at = usize::from(bytes.byte() & 1);
        let (vif, guest) = (VifId(at as u16), &mut self.guests[at]);
        match command % 20 {
            0..=3 => guest.request(&mut self.xen, bytes),
            4 | 5 => guest.publish(&mut self.xen, bytes),
            6 => guest.post_buffers(&mut self.xen, bytes),
            7 => guest.forge_index(&mut self.xen, bytes),
            8 => guest.scribble(&mut self.xen, bytes),
            9 => guest.change_grant(&mut self.xen, bytes),
            10 => guest.catch_up(&self.xen),
            11 => self.with(|back, k| back.interrupt(k, vif)),
            12 | 13 => self.run_due(),
            14 => self.free_one(bytes),
            15 => self.clone_one(bytes),
            16 => self.send_to_guest(vif, bytes),
            17 => self.pass(u64::from(bytes.byte()) * u64::from(bytes.byte()) * 1_000_000),
            18 => self.disconnect_or_connect(at, bytes),
            _ => self.settle(),
        }
    }

    fn run_due(&mut self) {
        if !self.due.is_empty() {
            let task = self.due.remove(0);
            if self.with(|back, k| back.run(k, task)) && !self.due.contains(&task) {
                self.due.push(task);
            }
        }
    }

    /// Runs what is due until nothing is. A guest whose producer is four billion ahead keeps a driver busy that believes
    /// it, for a bounded time in each pass, and for ever.
    fn settle(&mut self) {
        let passes = if self.back.believes_all() { PATIENCE } else { MOST_PASSES };
        for _ in 0..passes {
            if self.due.is_empty() {
                return;
            }
            self.run_due();
        }
        assert!(self.back.believes_all(), "{:?} is due for ever", self.due);
    }

    /// Lets time pass, and runs the timers that fall due, a bounded number of them.
    fn pass(&mut self, nanos: u64) {
        let until = self.now + nanos;
        for _ in 0..20 {
            let due = self.timers.iter().enumerate().filter(|(_, (_, time))| *time <= until);
            let Some((at, _)) = due.min_by_key(|(_, (_, time))| *time) else { break };
            let (timer, time) = self.timers.remove(at);
            self.now = self.now.max(time);
            self.with(|back, k| back.timer(k, timer));
            self.settle();
        }
        self.now = self.now.max(until);
    }

    fn free_one(&mut self, bytes: &mut Bytes) {
        if !self.kept.is_empty() {
            let skb = self.kept.swap_remove(usize::from(bytes.byte()) % self.kept.len());
            self.with(|_, k| k.skbs.free(skb));
        }
    }

    /// Clones a packet, before which drivers that want to know are told.
    fn clone_one(&mut self, bytes: &mut Bytes) {
        if !self.kept.is_empty() && self.kept.len() < 400 {
            let skb = self.kept[usize::from(bytes.byte()) % self.kept.len()];
            let clone = self.with(|back, k| {
                back.orphan(k, skb);
                k.skbs.clone_skb(skb)
            });
            self.kept.push(clone);
        }
    }

    /// Sends a packet of dom0's own to a guest, or one that dom0 keeps, perhaps the guest's own.
    fn send_to_guest(&mut self, vif: VifId, bytes: &mut Bytes) {
        let choice = bytes.byte();
        let skb = match usize::from(choice & 15).checked_sub(8) {
            Some(at) if at < self.kept.len() => self.kept.swap_remove(at),
            _ => self.packet(choice, bytes),
        };
        let sent = self.with(|back, k| back.start_xmit(k, vif, skb));
        // A stopped queue leaves the packet with its caller.
        if let sim_wasm::actors::handshake::Xmit::Busy(skb) = sent {
            self.kept.push(skb);
        }
    }

    fn packet(&mut self, pieces: u8, bytes: &mut Bytes) -> SkbId {
        let skb = self.skbs.alloc();
        let head = usize::from(bytes.byte()) + 14;
        self.skbs.get_mut(skb).head.resize(head, 0xAB);
        self.skbs.get_mut(skb).len = head as u32;
        for _ in 0..pieces >> 5 {
            let Some(page) = self.skbs.alloc_page() else { break };
            let offset = u16::from(bytes.byte()) * 16;
            let size = (PAGE_SIZE as u16 - offset).min(1 + u16::from(bytes.byte()) * 16);
            let data = self.skbs.get_mut(skb);
            data.push_frag(Frag { page: FragPage::Own(page), offset, size });
            data.len += u32::from(size);
        }
        skb
    }

    fn disconnect_or_connect(&mut self, at: usize, bytes: &mut Bytes) {
        let choice = bytes.byte();
        if self.guests[at].connected {
            if choice & 3 == 0 {
                self.disconnect(at);
            }
        } else {
            self.connect(at, choice);
        }
    }

    fn connect(&mut self, at: usize, choice: u8) {
        let guest = &mut self.guests[at];
        let Some(offer) = guest.offer(&mut self.xen, choice) else { return };
        let credit = choice & 1 != 0;
        let limits = VifSettings {
            credit_bytes: if credit { 5_000 } else { u64::MAX },
            credit_usec: if credit { 10_000 } else { 0 },
            ..VifSettings::default()
        };
        let domain = guest.domain;
        let connected = self.with(|back, k| back.connect(k, VifId(at as u16), domain, &offer, limits)).is_ok();
        self.guests[at].connected = connected;
    }

    fn disconnect(&mut self, at: usize) {
        if self.with(|back, k| back.disconnect(k, VifId(at as u16))) == Disconnect::Done {
            self.guests[at].connected = false;
            self.guests[at].close(&mut self.xen);
        }
    }

    fn check(&self) {
        let rings: u32 = self.guests.iter().map(|guest| 2 * u32::from(guest.connected)).sum();
        let mapped = self.xen.domain(DomId::DOM0).expect("dom0 stays").grants.mappings();
        assert!(self.back.held() <= self.back.most_held());
        assert!(mapped <= rings + self.back.held(), "{mapped} mapped, {} held", self.back.held());
    }

    /// Dom0 frees what it keeps and lets the guests go; then all is there that was there before.
    fn let_go(mut self) {
        for _ in 0..40 {
            for skb in std::mem::take(&mut self.kept) {
                self.with(|_, k| k.skbs.free(skb));
            }
            self.settle();
            (0..2)
                .filter(|at| self.guests[*at].connected)
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|at| self.disconnect(at));
            self.pass(2_000_000_000);
        }
        let connected = self.guests.iter().filter(|guest| guest.connected).count();
        assert_eq!((connected, self.back.held(), self.skbs.alive()), (0, 0, 0));
        assert_eq!(self.xen.domain(DomId::DOM0).expect("dom0 stays").grants.mappings(), 0, "nothing stays mapped");
        let lost = self.free_pages - self.skbs.free_pages();
        assert!(lost <= self.back.may_keep(), "{lost} pages of dom0's are lost");
        for guest in &self.guests {
            guest.check_released(&self.xen);
        }
    }
}
