//! A machine that runs Xen's paravirtual network path: guests with netfront, dom0 with netback in its three generations, a
//! bridge, a card, and the hypervisor between them.
//!
//! An engine does no input or output and knows no clock: time is a number that is handed in, and the same settings give the
//! same log on every machine. Frames hold 4096 real bytes, and whatever two domains share lies in them as Xen's public
//! headers describe.
//!
//! # The path, step by step
//!
//! A packet leaves guest 1 for the wire. In the order of its way:
//!
//! ```text
//!   guest: stack ─► netfront ═grants, ring, event═► netback ─► backlog ─► bridge ─► queue ─► card ─► wire
//!              ◄─ reap ◄═ response ◄═ unmap ◄─ pages released ◄─ packet freed ◄─ card's interrupt ◄─┘
//! ```
//!
//! **1. Grant.** Netfront lets dom0 read the packet's pages, by one entry of its [grant table](hypervisor::grant_entry) for
//! each data slot: 8 bytes of frame, domain and flags, 512 to a page, of which the first 8 are reserved. No hypercall is
//! made; [`GuestGrants`](hypervisor::guest_grants::GuestGrants) writes memory. Dom0 then
//! [maps](hypervisor::xen::Xen::map_grant_refs) the page or has Xen [copy](hypervisor::xen::Xen::grant_copies) from it, and
//! while it does the entry's reading bit is set and the guest cannot take the page back. Sources:
//! `xen/include/public/grant_table.h`, `xen/common/grant_table.c`, `drivers/xen/core/gnttab.c`.
//!
//! **2. Ring.** A request of 12 bytes ([`TxRequest`](protocols::netif::TxRequest)) goes into a slot of a [shared
//! page](protocols::ring): 64 bytes of indexes, then as many slots as fit, rounded down to a power of two, which makes 256
//! for either direction. Indexes run through all of `u32` and are compared by their distance. A packet is its first request,
//! whose size is that of the whole packet, then its extra infos, then at most 18 further requests.
//! [`FrontRing`](protocols::front_ring::FrontRing) and [`BackRing`](protocols::back_ring::BackRing) are the halves.
//! [`Netfront`](actors::netfront::Netfront) stops its queue when [236](actors::netfront::STOP_LINE) slots are under way, the
//! modern driver at 237; it looks after sending, so that 235 and a largest packet of 20 slots make 255, and the ring is never
//! quite full. Sources: `xen/include/public/io/ring.h`, `xen/include/public/io/netif.h`,
//! `drivers/xen/netfront/netfront.c`, `drivers/net/xen-netfront.c`.
//!
//! **3. Event.** Publishing requests [notifies](protocols::ring::notify_due) only if the other end's event index was just
//! passed. [`Xen::send`](hypervisor::xen::Xen::send) sets a bit in the receiver's [shared page](hypervisor::shared_info) and
//! calls its vCPU if no such bit was set before, so many sends may be one upcall. The [upcall's
//! walk](hypervisor::shared_info::UpcallScan) goes round over all ports; a handler's [end of
//! interrupt](hypervisor::guest_irqs) comes at once in the classic kernels, and late, and later still if there was no work,
//! in mainline (XSA-332, XSA-391). Why the four barriers are needed is what [`explore`](protocols::explorer::explore) shows,
//! by walking every interleaving. Sources: `xen/common/event_channel.c`, `drivers/xen/core/evtchn.c`,
//! `drivers/xen/events/events_base.c`.
//!
//! **4. Netback**, whose generation is the run's [`Epoch`](actors::epoch::Epoch):
//!
//! | | [classic](actors::netback), 2.6.18 | [grant copy](actors::netback_upstream::grant_copy), 2.6.39 to 3.14 | [zero copy](actors::netback_upstream::zero_copy), since 3.15 |
//! |---|---|---|---|
//! | copied | 64 bytes of header | everything | 128 bytes |
//! | the rest | mapped, in the packet | – | mapped, in the packet |
//! | slot goes back | when the packet is freed | after the copy | when the packet is freed, or cloned |
//! | places | 256 for all guests | 256 for all guests | 256 for each guest |
//! | turns | one packet of each guest | one packet of each guest | up to 64 packets of a guest in one poll |
//! | slow card | holds the guest back | dom0 drops | holds the guest back |
//! | garbage | errors, and on | the guest is given up | the guest is given up |
//!
//! The classic tasklet begins a packet only while 18 places stay free beside its first, and an event wakes it only while
//! fewer than [half of the 256](actors::netback::MAX_PENDING_REQS) are in use: who holds 128 places keeps everybody waiting
//! until one is free. What a guest may send at all is bounded by its [credit](actors::netback::settings::VifSettings): what is
//! not paid for stays in the ring. Sources: `drivers/xen/netback/netback.c` of linux-2.6.18-xen, `drivers/net/xen-netback/netback.c` of mainline.
//!
//! **5. Foreign pages and their release.** A packet ([`Skbs`](actors::skb::Skbs)) points into [pages that are the
//! guest's](actors::skb::FragPage). They go when the last clone goes, wherever in dom0 it waits: pages released, dealloc
//! ring, one hypercall of unmapping, then one response for each slot. The order is fixed: unmap, respond, end access, reuse.
//! The classic driver can [copy](actors::netback::settings::CopySkb) a page that is held for half a second; zero-copy netback
//! copies before somebody in dom0 clones a packet or keeps it.
//!
//! **6. Bridge, queues, card.** [`Stack`](actors::stack::Stack) has the backlog (1000 packets, 64 a run), the
//! [bridge](actors::bridge::Bridge) with its [filter](actors::netfilter::Filter), and a [queue](actors::qdisc) for each port:
//! 1000 packets in each of three bands before the card, 32 before a guest. [`Nic`](actors::nic::Nic) has a ring of 256
//! descriptors (511 in the tg3), a wire with a rate, and [interrupts](actors::nic::Moderation) that may be held back. A packet
//! counts as sent when its interrupt was served, and its slots are held as long. Sources: `net/core/dev.c`, `net/bridge/`,
//! `net/sched/sch_generic.c`, `drivers/net/e1000/e1000_main.c`, `drivers/net/tg3.c`.
//!
//! **7. Response and reap.** Responses come in any order and repeat the request's id. Netfront ends the grant, frees the
//! packet when its last slot is back, and wakes its queue below its stop line. The classic driver asks for its next event
//! half way through what is under way. With 236 slots out that is the 119th response, so a stopped queue stays stopped
//! until then although a single slot would do, and 236 responses make 7 interrupts. The modern driver asks for the next one.
//!
//! # To a guest
//!
//! The guest posts empty buffers, 64 at first in the classic driver, which adapts, and all 256 in the modern one. Netback
//! takes a packet for the guest if there is room: until 3.14 it wants buffers for the largest packet, 20 (19 with grant
//! copy), even for one of 60 bytes; since 3.15 what waits is bounded in bytes, 512 KiB, and not kept for ever: 10 s for
//! buffers, 60 s until the carrier goes. Then it [copies](hypervisor::grant_copies) into the posted pages, from another
//! guest's grant straight into this one's, or, if the classic drivers agreed on that, gives a page
//! [away](hypervisor::grant_transfers) and takes a fresh one from Xen. A response lies in the slot of its request: the place
//! is the buffer's name.
//!
//! # Coming and going
//!
//! [`Xenbus`](actors::xenbus::Xenbus) is the [store](actors::xenbus::store::Xenstore) with its transactions and watches, the
//! toolstack, and both halves as state machines, Initialising to Connected and back to Closed. An interface that netback
//! still has packets of waits; a guest destroyed meanwhile is a
//! [zombie](hypervisor::domain_destruction). Sources: `xen/include/public/io/xenbus.h`, `drivers/xen/netback/xenbus.c`,
//! `drivers/net/xen-netback/xenbus.c`, `docs/misc/xenstore.txt`.
//!
//! # Devices given away
//!
//! A guest may have a device to itself. [`pci`](protocols::pci) is the hardware: config spaces as bytes, BARs, messages, resets,
//! virtual functions, and which way a request takes between functions. To a PV guest
//! [`Pciback`](actors::pciback::Pciback) shows an [`Overlay`](actors::pciback::overlay::Overlay) of the device's config space,
//! in which a write that succeeds need not have done anything; [`Pcifront`](actors::pcifront::Pcifront) asks it by
//! [one shared page](protocols::pciif), one request at a time, and gives up after two or three seconds. Registers and DMA go past both.
//! [`PciBus`](actors::pcibus::PciBus) is how devices come and go, and
//! the [toolstack](machine::given_away::toolstack) in which order they change hands. Sources: `drivers/xen/pciback`,
//! `drivers/xen/pcifront` of linux-2.6.18-xen, `drivers/xen/xen-pciback`, `drivers/pci/xen-pcifront.c` of mainline.
//!
//! # All of it in one machine
//!
//! [`GivenAway`](machine::given_away::GivenAway) joins buses with cards whose descriptors lie in frames, the unit under Xen,
//! memory, pciback and pcifront, the device model, and the toolstack, xend's of 3.3 or today's libxl, that makes a card
//! assignable, gives it to a guest, and takes it away. One run shows a packet's bytes arrive in the guest's page, an interrupt
//! in its driver, and where they go when the guest dies in the middle, or its driver means somebody else's page. A card may
//! have a [table](machine::given_away::table) of messages, which another card may overwrite below the switch, memory that
//! firmware has [reserved](machine::given_away::reserved) for it, or neighbours behind a bridge from which no unit can tell
//! it, and an HVM guest may have its messages [posted](machine::given_away::posted). The
//! [`Tally`](machine::given_away::tally::Tally) says whose frames were written. Six scenarios ask it.
//!
//! # What such a device reaches
//!
//! It reads and writes memory by itself, past all page types and grants. What it reaches is
//! said by tables that the chipset's unit walks: [`vtd::walk::translate`](hypervisor::vtd::walk::translate) is the walk, in
//! one function; [`vtd::unit::Unit`](hypervisor::vtd::unit::Unit) remembers, records faults and remaps interrupts.
//! [`passthrough`](hypervisor::passthrough) is Xen's part: whose tables say what, in which order a device changes hands, and
//! what `iommu=` meant in 3.3 and means today. [`remapping`](actors::remapping) writes both down as events. Sources: the
//! VT-d specification; `xen/drivers/passthrough/`.
//!
//! # HVM guests
//!
//! A guest that knows nothing of Xen touches registers, each touch is a [VM exit](hypervisor::vm_exits), and most end in dom0's
//! device model. [`io_requests`](actors::hvm::io_requests) and [`device_model`](actors::hvm::device_model) are the two halves
//! of that trip over [shared pages](protocols::ioreq), [`rtl8139`](actors::hvm::rtl8139) is a card whose every register costs
//! one, and [`pass_through`](actors::hvm::pass_through) shows the guest a real function instead.
//! [`EmulatedNic`](machine::emulated_nic::EmulatedNic) follows one packet,
//! [`BufferedIo`](machine::buffered_io::BufferedIo) writes that nobody waits for, and [`Costs`](actors::costs::Costs) are the
//! counts that all ways to a card are compared by. How xend and the device model agree on a device, and how they fail to, is
//! [`hotplug`](actors::hotplug), run by [`Handshake`](machine::hotplug::Handshake); [`migration`](actors::migration) moves a
//! guest that owns a card. Sources: `xen/include/public/hvm/ioreq.h`, `xen/arch/x86/hvm`, `tools/ioemu`,
//! `tools/python/xen/xend` of Xen 3.3.1; `hw/xen` of QEMU 4.1.
//!
//! # Who breaks the rules
//!
//! [`HostileFront`](actors::hostile::front::HostileFront) and [`HostileBack`](actors::hostile::back::HostileBack) behave until
//! they are told to [attack](actors::hostile::front_attack::FrontAttack). [`ADVISORIES`](actors::hostile::advisories::ADVISORIES)
//! lists the 18 advisories about network interfaces, each with what came of it and what is right. Whatever they do is an
//! event in the log with the driver's own status, never an error of the engine.
//!
//! # The machine and what it says
//!
//! - [`Network`](machine::network::Network) joins all of it, a function of its [`Settings`](machine::network::settings::Settings).
//!   Drivers do not wait: they [ask](actors::kernel::Ask), and the machine's [agenda](words::time::Agenda) says when.
//! - The [`Log`](actors::log::Log) has every change of state; [`source`](telling::source) names the function and the file that
//!   makes it, and [`narration`](telling::narration) says it in a sentence.
//! - [`Metrics`](machine::metrics::Metrics) are counts, levels, durations and how they went; [`Receipts`] say whether every
//!   byte arrived as it was sent.
//! - A [`Scenario`](telling::scenario::Scenario) has presets and knobs and answers one question; a
//!   [`sweep`](telling::scenario::sweep::sweep) runs a grid of values on all processors.
//! - A [`Timeline`](machine::timeline::Timeline) brings back any place of a long run.
//! - A [figure](telling::catalogue) is a run as pictures; the [`Player`](telling::player::Player) steps through it.
//!
//! # A ring by hand
//!
//! ```
//! use sim_wasm::hypervisor::page::Page;
//! use sim_wasm::protocols::back_ring::BackRing;
//! use sim_wasm::protocols::front_ring::FrontRing;
//! use sim_wasm::protocols::netif::{NETIF_RSP_OKAY, TX_RING, TxRequest, TxResponse};
//! use sim_wasm::protocols::ring::{Index, shared_ring_init};
//! use sim_wasm::words::ids::GrantRef;
//!
//! let base = Index(u32::MAX); // any will do: indexes wrap
//! let mut page = Page::zeroed();
//! shared_ring_init(&mut page, base);
//! let (mut front, mut back) = (FrontRing::attach(TX_RING, base), BackRing::attach(TX_RING, base));
//!
//! let request = TxRequest { gref: GrantRef(8), offset: 0, flags: 0, id: 1, size: 60 };
//! let at = front.write_request(&mut page, &request.encode());
//! assert!(front.push_requests_and_check_notify(&mut page));
//! assert_eq!(page.read(TX_RING.offset(at)), [8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 60, 0]);
//!
//! let copied = TxRequest::decode(back.copy_request(&page, at));
//! back.req_cons = back.req_cons.plus(1);
//! assert!(!back.final_check_for_requests(&mut page)); // nothing more: tell me of the next one
//! let response = TxResponse { id: copied.id, status: NETIF_RSP_OKAY };
//! assert_eq!(back.write_response(&mut page, &response.encode()), at); // into the slot of a request that was copied
//! assert!(back.push_responses_and_check_notify(&mut page));
//! assert_eq!(front.unconsumed_responses(&page), 1);
//! ```
//!
//! # A grant table by hand
//!
//! ```
//! use sim_wasm::hypervisor::grant_calls::{MapOp, UnmapOp};
//! use sim_wasm::hypervisor::grant_entry::{Access, GrantStatus};
//! use sim_wasm::hypervisor::guest_grants::{EndAccess, GuestGrants};
//! use sim_wasm::hypervisor::xen::Xen;
//! use sim_wasm::words::ids::{DomId, GrantRef, Pfn};
//!
//! let (dom0, guest, gref) = (DomId(0), DomId(1), GrantRef(8));
//! let mut xen = Xen::new(64);
//! xen.create_domain(dom0, 8)?;
//! xen.create_domain(guest, 8)?;
//! let frame = xen.domain(guest).and_then(|guest| guest.mfn(Pfn(3))).expect("the guest has eight pages");
//! let table = GuestGrants::new(guest, xen.setup_table(guest, 1).expect("one frame is there from the start"));
//! table.grant_access(&mut xen.memory, gref, dom0, frame, Access::ReadOnly);
//!
//! let window = xen.add_holes(dom0, 1);
//! let mut maps = [
//!     MapOp::new(window, guest, gref, Access::ReadWrite),
//!     MapOp::new(window, guest, gref, Access::ReadOnly),
//! ];
//! xen.map_grant_refs(dom0, &mut maps);
//! assert_eq!(maps[0].result, Err(GrantStatus::GeneralError)); // it is granted for reading
//! let mapped = maps[1].result.expect("for reading, it is granted");
//! assert_eq!(table.end_access(&mut xen.memory, gref), EndAccess::StillInUse);
//!
//! xen.unmap_grant_refs(dom0, &mut [UnmapOp::new(window, mapped.handle)]);
//! assert_eq!(table.end_access(&mut xen.memory, gref), EndAccess::Ended);
//! # Ok::<(), sim_wasm::hypervisor::xen::Errno>(())
//! ```
//!
//! # A whole machine
//!
//! A card that never fetches: the ring fills to the stop line, all its slots are held in dom0, and the guest will be called at
//! the 119th response. Then the card runs, and everything arrives.
//!
//! ```
//! use sim_wasm::machine::metrics::counters::Count;
//! use sim_wasm::machine::network::Network;
//! use sim_wasm::machine::network::settings::{Fault, FaultKind, Guest, Settings, Workload};
//! use sim_wasm::protocols::ring::{Index, Shared};
//! use sim_wasm::words::ids::{DomId, Pfn};
//! use sim_wasm::words::time::Time;
//!
//! let at = |millis, what| Fault { at: Time::from_millis(millis), what };
//! let sends = vec![Workload { start: Time(1), ..Workload::at_once(1514, 300) }];
//! let settings = Settings {
//!     guests: vec![Guest { sends, ..Guest::default() }],
//!     faults: vec![at(0, FaultKind::StallCard), at(400, FaultKind::ResumeCard)],
//!     ..Settings::default()
//! };
//! let mut network = Network::new(&settings)?;
//!
//! network.run_until(Time::from_millis(300));
//! let levels = network.levels();
//! assert_eq!((levels.outstanding[0], levels.held, levels.guest_queue[0]), (236, 236, 64));
//! let ring = network.xen().guest_page(DomId(1), Pfn(0)).expect("the guest's first page is its transmit ring");
//! assert_eq!(Shared::RspEvent.load(ring), Index(119));
//!
//! network.run();
//! let total = network.metrics().total().counters;
//! assert_eq!((total.get(Count::Sent), total.get(Count::LostInGuest)), (300, 0));
//! # Ok::<(), sim_wasm::machine::network::settings::SettingsError>(())
//! ```
//!
//! # What is not modelled
//!
//! Each module's documentation ends with its own list. What matters most for whoever draws conclusions:
//!
//! - **The time that code takes**, save for the [`Delays`](machine::network::settings::Delays) of events, softirqs and
//!   xenbus, which are assumptions. Neither a hypercall nor a copy costs anything, so throughput is that of the wire, of
//!   credit and of waiting; see [`Network`](machine::network).
//! - **Several vCPUs** of a domain and [scheduling](hypervisor::xen): a call is never interrupted. Races between processors
//!   are looked at in [`notification_model`](protocols::notification_model) and, for XSA-155, in
//!   [`Race`](actors::netback::Race).
//! - **[Several queues](actors::netback_upstream)** of an interface, the control ring, XDP, and in
//!   [classic netback](actors::netback) the groups and threads of later forks.
//! - **Whatever lies above Ethernet**: [TCP, IP, checksums](actors::stack), segmentation in software.
//! - **[Version 2](hypervisor::grant_entry)** of the grant table, device mappings, and the FIFO form of
//!   [event channels](hypervisor::event_channel).
//! - **[Page tables as bytes](hypervisor::domain)**, TLBs, translated guests.
//! - **[The ring to the store](actors::xenbus::store)**, changes of rate while connected, and suspending [without
//!   resuming](actors::xenbus).
//! - **[Pause frames, errors on the wire](actors::nic)** and cards of several queues.
//!
//! Of devices that are given to guests:
//!
//! - **[The trip of an access to config space](machine::given_away)** in the joined machine: an HVM guest's reaches the device
//!   model at once, and a PV guest's page tables of registers are its permissions.
//! - **The memory of a driver with a card of its own**: swiotlb, bounce buffers, and the exchange of pages for contiguous ones.
//!   A buffer is a page, and no card has an address that it cannot reach.
//! - **What a request from one device to another does where it arrives**, but for [registers](machine::given_away::card) and
//!   [tables of messages](machine::given_away::table) that are written.
//! - **[Devices that cache translations](hypervisor::vtd) (ATS)**: their capability, their requests and the descriptor of their
//!   invalidation are there, and no device that remembers anything.
//! - **[The memory of a guest that moves](actors::migration)**: migration is a model of orders and times. Pages are a number,
//!   none of them has contents, and no bitmap says which were written.
//!
//! # The floors
//!
//! A file uses lower floors only:
//!
//! 0. [`words`]: identifiers, time and the agenda, text, hashes.
//! 1. [`hypervisor`]: machine frames, grant tables and event channels, as the bytes that the public headers describe.
//! 2. [`protocols`]: the shared ring with its two halves, the formats of netif and xenbus, the explorer of interleavings.
//! 3. [`actors`]: drivers and devices, and the log that they report to.
//! 4. [`machine`]: actors joined into a whole that runs by itself, its metrics, and its timeline.
//! 5. [`telling`]: figures and scenarios: runs become pictures, words and numbers.
//!
//! [`Receipts`]: machine::network::accounts::Receipts

// Tests have `std`, whose prelude and this crate's imports are the same things.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

// Sweeps run on threads; a browser's module has none.
#[cfg(not(target_arch = "wasm32"))]
extern crate std;

pub mod words;

pub mod hypervisor;

pub mod protocols;

pub mod actors;

pub mod machine;

pub mod telling;
