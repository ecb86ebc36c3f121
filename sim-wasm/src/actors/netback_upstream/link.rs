//! One connected interface: whose it is, where its rings are mapped, and its channels (`xenvif_map_frontend_data_rings`,
//! `xenvif_connect_data`).
//!
//! Not modelled: rings of several pages, which no network driver has, and the control ring.

use crate::actors::handshake::Offer;
use crate::actors::kernel::{Ask, Kernel};
use crate::actors::log::Event;
use crate::actors::log::bus::Bus;
use crate::actors::netback::outcome::{ConnectError, Counters};
use crate::actors::netback_upstream::receive_ring::ReceiveRing;
use crate::actors::netback_upstream::transmit_ring::TransmitRing;
use crate::hypervisor::event_calls::Sent;
use crate::hypervisor::grant_entry::{Access, GrantStatus};
use crate::protocols::back_ring::BackRing;
use crate::protocols::netif::{RX_RING, TX_RING};
use crate::protocols::ring::{Index, RingLayout, Shared};
use crate::words::ids::{DomId, GrantRef, Handle, Port, VifId};

/// Where a back half of a ring begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attach {
    /// Where both halves know that it begins (`BACK_RING_INIT`).
    At(Index),
    /// At the last response that the ring's page tells of, if the requests after it fit into the ring
    /// (`BACK_RING_ATTACH`): so a backend that was started again goes on where the last one stopped.
    AtResponses,
}

/// A connected interface.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) vif: VifId,
    pub(crate) frontend: DomId,
    pub(crate) transmit: TransmitRing,
    pub(crate) receive: ReceiveRing,
    pub(crate) counters: Counters,
}

/// A mapped ring, and its back half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MappedRing {
    pub(crate) handle: Handle,
    pub(crate) ring: BackRing,
}

impl Link {
    /// Maps both rings and binds the channels. What was done is undone when something fails.
    pub(crate) fn connect(
        k: &mut Kernel,
        (vif, frontend): (VifId, DomId),
        offer: &Offer,
        attach: Attach,
    ) -> Result<Link, ConnectError> {
        let transmit = map_ring(k, frontend, offer.tx_ring, (TX_RING, attach))
            .map_err(|fault| fault.on(ConnectError::TransmitRing))?;
        let receive = match map_ring(k, frontend, offer.rx_ring, (RX_RING, attach)) {
            Ok(receive) => receive,
            Err(fault) => {
                unmap(k, transmit.handle);
                return Err(fault.on(ConnectError::ReceiveRing));
            }
        };
        match bind(k, frontend, offer) {
            Ok((tx_port, rx_port)) => {
                k.step(Event::Bus(Bus::Connected));
                Ok(Link {
                    vif,
                    frontend,
                    transmit: TransmitRing::new(transmit, tx_port),
                    receive: ReceiveRing::new(receive, rx_port, offer),
                    counters: Counters::default(),
                })
            }
            Err(error) => {
                unmap(k, transmit.handle);
                unmap(k, receive.handle);
                Err(error)
            }
        }
    }

    /// Closes the channels and unmaps the rings.
    pub(crate) fn disconnect(&self, k: &mut Kernel) {
        let (tx_port, rx_port) = (self.transmit.port(), self.receive.port());
        close(k, tx_port);
        if rx_port != tx_port {
            close(k, rx_port);
        }
        unmap(k, self.transmit.handle());
        unmap(k, self.receive.handle());
        k.step(Event::Bus(Bus::Disconnected));
    }
}

/// Why a ring could not be mapped.
enum RingFault {
    Status(GrantStatus),
    InUse,
}

impl RingFault {
    fn on(self, ring: fn(GrantStatus) -> ConnectError) -> ConnectError {
        match self {
            RingFault::Status(status) => ring(status),
            RingFault::InUse => ConnectError::RingInUse,
        }
    }
}

fn map_ring(
    k: &mut Kernel,
    frontend: DomId,
    gref: GrantRef,
    (layout, attach): (RingLayout, Attach),
) -> Result<MappedRing, RingFault> {
    let domain = k.domain();
    let mapped = k.xen.map_grant_ref(domain, frontend, gref, Access::ReadWrite).map_err(RingFault::Status)?;
    let page = k.xen.mapped_page(domain, mapped.handle).expect("the ring was just mapped");
    let base = match attach {
        Attach::At(base) => base,
        Attach::AtResponses => Shared::RspProd.load(page),
    };
    let ring = BackRing::attach(layout, base);
    if attach == Attach::AtResponses && ring.request_prod_overflow(Shared::ReqProd.load(page)) {
        unmap(k, mapped.handle);
        return Err(RingFault::InUse);
    }
    Ok(MappedRing { handle: mapped.handle, ring })
}

fn unmap(k: &mut Kernel, handle: Handle) {
    let domain = k.domain();
    k.xen.unmap_grant_ref(domain, handle).expect("a ring is unmapped once");
}

fn bind(k: &mut Kernel, frontend: DomId, offer: &Offer) -> Result<(Port, Port), ConnectError> {
    let tx_port = bind_one(k, frontend, offer.tx_port)?;
    if !offer.is_split() {
        return Ok((tx_port, tx_port));
    }
    match bind_one(k, frontend, offer.rx_port) {
        Ok(rx_port) => Ok((tx_port, rx_port)),
        Err(error) => {
            close(k, tx_port);
            Err(error)
        }
    }
}

/// Binds a channel. Xen sets its port pending at once, so that what the guest sent before is looked after.
fn bind_one(k: &mut Kernel, frontend: DomId, remote: Port) -> Result<Port, ConnectError> {
    let domain = k.domain();
    let (port, sent) = k.xen.bind_interdomain(domain, frontend, remote).map_err(ConnectError::Channel)?;
    if let Sent::Delivered { port, .. } = sent {
        k.also(Event::EventSent { port, from_guest: false });
    }
    if let Some((domain, vcpu)) = sent.upcall() {
        k.ask(Ask::Upcall(domain, vcpu));
    }
    Ok(port)
}

fn close(k: &mut Kernel, port: Port) {
    let domain = k.domain();
    k.xen.close(domain, port).expect("a bound port is closed once");
}
