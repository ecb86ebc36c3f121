//! Offers and features, as keys: each half writes its own and reads the other's.
//!
//! Not modelled: keys of each queue, of the control ring, of multicast lists and of XDP.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::{Epoch, FrontEpoch};
use crate::actors::handshake::{BackFeatures, Offer};
use crate::actors::xenbus::address::VifAddress;
use crate::actors::xenbus::store::{Caller, StoreError, Xenstore};
use crate::actors::xenbus::{Bus, join};
use crate::protocols::ring::Index;
use crate::protocols::xenbus::{key, number, scan_unsigned};
use crate::words::ids::{DomId, GrantRef, Port};

/// `-ENOENT`: a key is missing.
const ENOENT: i16 = StoreError::NoEntry.errno();

/// `-EINVAL`: a key makes no sense.
pub(super) const EINVAL: i16 = StoreError::Invalid.errno();

/// `-EOPNOTSUPP`: the guest wants what mainline does not do any more.
const EOPNOTSUPP: i16 = -95;

/// How often a transaction is tried again. The kernel tries for ever; here nobody else can be at it so often.
const TRIES: u32 = 8;

/// Writes keys in one transaction, again and again while others are in its way.
fn write_all(store: &mut Xenstore, domain: DomId, directory: &str, keys: &[(&str, u64)]) -> Result<u32, StoreError> {
    let mut outcome = Err(StoreError::Again);
    for _ in 0..TRIES {
        let transaction = store.transaction_start(domain)?;
        let caller = Caller::of(domain).within(transaction);
        let mut write =
            |&(name, value): &(&str, u64)| store.write(caller, &join(directory, name), number(value).as_bytes());
        if let Err(error) = keys.iter().try_for_each(&mut write) {
            store.transaction_abort(domain, transaction)?;
            return Err(error);
        }
        outcome = store.transaction_end(domain, transaction);
        if outcome != Err(StoreError::Again) {
            break;
        }
    }
    outcome.map(|()| keys.len() as u32)
}

/// The backend writes what it can do (`netback_probe`); how many keys that are.
pub(super) fn write_features(
    bus: &mut Bus<'_>,
    address: VifAddress,
    epoch: Epoch,
    features: BackFeatures,
) -> Result<u32, StoreError> {
    let BackFeatures { sg, gso, rx_copy, rx_flip, split_event_channels } = features;
    let mut keys = vec![
        (key::FEATURE_SG, u64::from(sg)),
        (key::FEATURE_GSO_TCPV4, u64::from(gso)),
        (key::FEATURE_RX_COPY, u64::from(rx_copy)),
        (key::FEATURE_RX_FLIP, u64::from(rx_flip)),
    ];
    if epoch == Epoch::ZeroCopy {
        keys.push((key::FEATURE_SPLIT_EVENT_CHANNELS, u64::from(split_event_channels)));
        keys.push((key::MULTI_QUEUE_MAX_QUEUES, 1));
    }
    write_all(bus.store, address.backend, &address.back(), &keys)
}

/// The frontend reads them (`network_connect`). What is missing or makes no sense is not there.
pub(super) fn read_features(bus: &mut Bus<'_>, address: VifAddress) -> BackFeatures {
    let back = address.back();
    let reader = address.frontend;
    // An old backend that does not speak of flipping can do nothing else.
    let rx_flip = bus.scan(reader, &back, key::FEATURE_RX_FLIP) != Ok(0);
    BackFeatures {
        sg: bus.is_set(reader, &back, key::FEATURE_SG),
        gso: bus.is_set(reader, &back, key::FEATURE_GSO_TCPV4),
        rx_copy: bus.is_set(reader, &back, key::FEATURE_RX_COPY),
        rx_flip,
        split_event_channels: bus.is_set(reader, &back, key::FEATURE_SPLIT_EVENT_CHANNELS),
    }
}

/// The frontend writes what it offers (`talk_to_backend`, `talk_to_netback`); how many keys that are.
pub(super) fn write_offer(
    bus: &mut Bus<'_>,
    address: VifAddress,
    epoch: FrontEpoch,
    offer: &Offer,
) -> Result<u32, StoreError> {
    let mut keys = Vec::new();
    let reader = address.frontend;
    if epoch == FrontEpoch::Modern && bus.scan(reader, &address.back(), key::MULTI_QUEUE_MAX_QUEUES).is_ok() {
        keys.push((key::MULTI_QUEUE_NUM_QUEUES, 1));
    }
    keys.push((key::TX_RING_REF, u64::from(offer.tx_ring.0)));
    keys.push((key::RX_RING_REF, u64::from(offer.rx_ring.0)));
    if offer.is_split() {
        keys.push((key::EVENT_CHANNEL_TX, u64::from(offer.tx_port.0)));
        keys.push((key::EVENT_CHANNEL_RX, u64::from(offer.rx_port.0)));
    } else {
        keys.push((key::EVENT_CHANNEL, u64::from(offer.tx_port.0)));
    }
    keys.push((key::REQUEST_RX_COPY, u64::from(offer.rx_copy)));
    keys.push((key::FEATURE_RX_NOTIFY, u64::from(offer.rx_notify)));
    keys.push((key::FEATURE_NO_CSUM_OFFLOAD, u64::from(offer.no_csum_offload)));
    keys.push((key::FEATURE_SG, u64::from(offer.sg)));
    keys.push((key::FEATURE_GSO_TCPV4, u64::from(offer.gso)));
    write_all(bus.store, address.frontend, &address.front(), &keys)
}

/// The backend reads the offer (`connect_rings`), or says with which error number it cannot.
pub(super) fn read_offer(bus: &mut Bus<'_>, address: VifAddress, epoch: Epoch, base: Index) -> Result<Offer, i16> {
    let front = address.front();
    let reader = address.backend;
    if epoch == Epoch::ZeroCopy {
        let queues = bus.scan(reader, &front, key::MULTI_QUEUE_NUM_QUEUES).unwrap_or(1);
        if queues != 1 {
            return Err(EINVAL);
        }
    }
    let [tx_ring, rx_ring] = gather(bus, reader, &front, [key::TX_RING_REF, key::RX_RING_REF])?;
    let split = match epoch {
        Epoch::ZeroCopy => gather(bus, reader, &front, [key::EVENT_CHANNEL_TX, key::EVENT_CHANNEL_RX]).ok(),
        Epoch::Classic | Epoch::GrantCopy => None,
    };
    let [tx_port, rx_port] = match split {
        Some(ports) => ports,
        None => {
            let [port] = gather(bus, reader, &front, [key::EVENT_CHANNEL])?;
            [port, port]
        }
    };
    let rx_copy = match bus.scan(reader, &front, key::REQUEST_RX_COPY) {
        Ok(number) => number != 0,
        Err(ENOENT) => false,
        Err(errno) => return Err(errno),
    };
    if !rx_copy && epoch != Epoch::Classic {
        return Err(EOPNOTSUPP);
    }
    Ok(Offer {
        tx_ring: GrantRef(tx_ring),
        rx_ring: GrantRef(rx_ring),
        tx_port: Port(tx_port),
        rx_port: Port(rx_port),
        rx_copy,
        rx_notify: bus.is_set(reader, &front, key::FEATURE_RX_NOTIFY),
        sg: bus.is_set(reader, &front, key::FEATURE_SG),
        gso: bus.is_set(reader, &front, key::FEATURE_GSO_TCPV4),
        no_csum_offload: bus.is_set(reader, &front, key::FEATURE_NO_CSUM_OFFLOAD),
        base,
    })
}

/// Several numbers, all of which must be there (`xenbus_gather`). A number that is too long loses its upper bits, and names
/// something else.
fn gather<const N: usize>(
    bus: &mut Bus<'_>,
    reader: DomId,
    directory: &str,
    names: [&str; N],
) -> Result<[u32; N], i16> {
    let mut numbers = [0; N];
    for (number, name) in numbers.iter_mut().zip(names) {
        let value = bus.store.read(Caller::of(reader), &join(directory, name)).map_err(StoreError::errno)?;
        *number = scan_unsigned(value).ok_or(EINVAL)? as u32;
    }
    Ok(numbers)
}
