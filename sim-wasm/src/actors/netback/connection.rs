//! An interface comes and goes (`netif_map`, `netif_disconnect` in `drivers/xen/netback/interface.c`), and the events
//! between (`netif_be_int`, `tx_credit_callback` in `drivers/xen/netback/netback.c`).
//!
//! ```text
//!   nothing ── connect ──> connected ── disconnect ──> closing ── the last reference goes, disconnect ──> nothing
//! ```
//!
//! Each slot that is held and each packet that waits for delivery is a reference. While there is one the rings stay mapped,
//! since the slot will be answered; a packet that is stuck anywhere in dom0 keeps its guest's rings mapped for ever.
//!
//! Not modelled: a channel for each ring, of which this driver does not know; and waiting as such, the caller asks again.

use crate::actors::handshake::Offer;
use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::backend::Backend;
use crate::actors::log::bus::Bus;
use crate::actors::netback::Netback;
use crate::actors::netback::credit::Credit;
use crate::actors::netback::outcome::{ConnectError, Counters, Disconnect};
use crate::actors::netback::settings::VifSettings;
use crate::actors::netback::vif::{State, Vif};
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::xen::Xen;
use crate::protocols::back_ring::BackRing;
use crate::protocols::netif::{RX_RING, TX_REQUEST_SIZE, TX_RING, TxRequest};
use crate::words::ids::{DomId, VifId};

impl Netback {
    /// Connects a guest's interface: maps its rings and binds its channel. What fails leaves nothing behind.
    pub fn connect(
        &mut self,
        k: &mut Kernel,
        id: VifId,
        frontend: DomId,
        offer: &Offer,
        settings: VifSettings,
    ) -> Result<(), ConnectError> {
        let domain = k.domain();
        if self.vif(id).is_some() {
            return Err(ConnectError::Busy);
        }
        let map = |xen: &mut Xen, gref| {
            xen.map_grant_ref(domain, frontend, gref, Access::ReadWrite).map(|mapped| mapped.handle)
        };
        let unmap = |xen: &mut Xen, handle| {
            xen.unmap_grant_ref(domain, handle).expect("a ring is mapped once");
        };
        let tx_handle = map(k.xen, offer.tx_ring).map_err(ConnectError::TransmitRing)?;
        let rx_handle = map(k.xen, offer.rx_ring).map_err(|status| {
            unmap(k.xen, tx_handle);
            ConnectError::ReceiveRing(status)
        })?;
        let (port, sent) = k.xen.bind_interdomain(domain, frontend, offer.tx_port).map_err(|errno| {
            unmap(k.xen, tx_handle);
            unmap(k.xen, rx_handle);
            ConnectError::Channel(errno)
        })?;

        let vif = Vif {
            frontend,
            state: State::Connected,
            port,
            tx: BackRing::attach(TX_RING, offer.base),
            tx_handle,
            rx: BackRing::attach(RX_RING, offer.base),
            rx_handle,
            peek: offer.base,
            is_scheduled: false,
            references: 0,
            credit: Credit::new(&settings, self.clock, self.clock.at(k.now)),
            sg: offer.sg,
            gso: offer.gso,
            copies: offer.rx_copy,
            can_queue: offer.rx_notify,
            // A queue of none is no queue to `pfifo_fast`.
            queue_len: if offer.rx_notify { settings.queue_len } else { 1 },
            is_stopped: false,
            owes_notification: false,
            pass: (0, offer.base),
            counters: Counters::default(),
        };
        let at = usize::from(id.0);
        if self.vifs.len() <= at {
            self.vifs.resize_with(at + 1, || None);
        }
        self.vifs[at] = Some(vif);
        k.log.about(id);
        k.step(Event::Bus(Bus::Connected));
        if let Some((domain, vcpu)) = sent.upcall() {
            k.ask(Ask::Upcall(domain, vcpu));
        }
        k.ask(Ask::WakeVif(id));
        Ok(())
    }

    /// Lets an interface go, or says what keeps it. From the first call on nothing more is taken from it.
    pub fn disconnect(&mut self, k: &mut Kernel, id: VifId) -> Disconnect {
        let Some(vif) = self.vif_mut(id) else { return Disconnect::Done };
        k.log.about(id);
        if vif.state != State::Closing {
            vif.state = State::Closing;
            vif.is_scheduled = false;
            let references = vif.references;
            if references > 0 {
                k.step(Event::Bus(Bus::DisconnectWaits { references }));
            }
            self.schedule.retain(|other| *other != id);
            k.ask(Ask::Arm(Timer::Credit(id), None));
            k.ask(Ask::Arm(Timer::RxQueue(id), None));
            k.ask(Ask::CarrierOff(id));
        }
        let vif = self.vif(id).expect("it is closing");
        let references = vif.references;
        if references > 0 {
            return Disconnect::Waiting(references);
        }
        let domain = k.domain();
        // The guest may have closed the other end, or be gone: closing one's own end does not fail.
        k.xen.close(domain, vif.port).expect("a connected interface has a port");
        for handle in [vif.tx_handle, vif.rx_handle] {
            k.xen.unmap_grant_ref(domain, handle).expect("a ring is mapped once");
        }
        self.vifs[usize::from(id.0)] = None;
        k.step(Event::Bus(Bus::Disconnected));
        Disconnect::Done
    }

    /// The guest's event (`netif_be_int`). It serves both rings: there may be packets, there may be buffers.
    ///
    /// With half of the pool in use the tasklet is not run: it runs when a slot is released, whatever then is on the list.
    pub fn interrupt(&mut self, k: &mut Kernel, id: VifId) {
        let Some(vif) = self.vif_mut(id) else { return };
        vif.counters.interrupts += 1;
        if vif.state != State::Connected {
            return;
        }
        self.add_to_schedule(id);
        if self.has_work() {
            k.ask(Ask::Run(Task::NetTx));
        } else {
            k.log.about(id);
            k.step(Event::Backend(Backend::PoolGateShut { held: self.pool.in_use() }));
        }
        self.wake_if_room(k, id);
    }

    /// A window is over: credit comes back (`tx_credit_callback`). How much of it may be saved depends on what the ring says
    /// of the next packet at this moment.
    pub(super) fn credit_callback(&mut self, k: &mut Kernel, id: VifId) {
        let domain = k.domain();
        let Some(vif) = self.vif_mut(id) else { return };
        let page = vif.tx_page(k.xen, domain);
        let next = TxRequest::decode(vif.tx.copy_request::<TX_REQUEST_SIZE>(page, vif.tx.req_cons));
        if vif.state != State::Connected || !vif.credit.timer(next.size) {
            return;
        }
        let remaining = vif.credit.remaining().min(u64::from(u32::MAX)) as u32;
        k.log.about(id);
        k.step(Event::Backend(Backend::CreditGranted { remaining }));
        self.schedule_work(k, id);
        self.maybe_schedule(k);
    }

    /// A page has lingered (`netbk_tx_pending_timeout`): the tasklet runs, however full the pool is.
    pub(super) fn pending_timeout(&mut self, k: &mut Kernel) {
        self.pending_due = None;
        k.ask(Ask::Run(Task::NetTx));
    }
}
