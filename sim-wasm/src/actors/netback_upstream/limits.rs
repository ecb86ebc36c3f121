//! Numbers of mainline netback: how many, how long, how large.
//!
//! Not modelled: that some of these can be set as parameters of the module.

/// Slots of a guest, or of all guests of a group where all is copied, that may be under way at a time
/// (`MAX_PENDING_REQS`, which is the transmit ring's size).
pub const MAX_PENDING_REQS: u32 = 256;

/// Further slots that a packet may have besides its first: what `MAX_SKB_FRAGS` was when the protocol was made, and what
/// all frontends may count on (`XEN_NETBK_LEGACY_SLOTS_MAX`, `XEN_NETIF_NR_SLOTS_MIN` in 3.4).
pub const LEGACY_SLOTS_MAX: usize = 18;

/// With so many further slots and one more, a frontend is taken for malicious; between the two limits it is taken for one
/// that has a larger `MAX_SKB_FRAGS`, and only its packet is dropped (`fatal_skb_slots`, `max_skb_slots` in 3.4).
pub const FATAL_SKB_SLOTS: u32 = 20;

/// Fragments that a packet has in the kernels of these drivers, `MAX_SKB_FRAGS`: 65536 / 4096 + 1.
pub const MAX_SKB_FRAGS: usize = 17;

/// The shortest frame that Ethernet knows, `ETH_HLEN`.
pub const ETH_HLEN: u16 = 14;

/// Packets that one poll may take (`NAPI_POLL_WEIGHT`).
pub const NAPI_BUDGET: u32 = 64;

/// Copies for a guest that are gathered before the hypervisor is called (`COPY_BATCH_SIZE`).
pub const COPY_BATCH: usize = 64;

/// Packets for a guest that its thread handles at a time (`RX_BATCH_SIZE`).
pub const RX_BATCH: u32 = 64;

/// Bytes that may wait for a guest (`XENVIF_RX_QUEUE_BYTES`): half a ring of full pages.
pub const RX_QUEUE_BYTES: u32 = 256 / 2 * 4096;

/// Milliseconds that a packet waits for a guest's buffers (`rx_drain_timeout_msecs`).
pub const DRAIN_MILLIS: u64 = 10_000;

/// Milliseconds that a packet waits where the guest does not tell when it posts buffers, so that they are looked for that
/// often (`read_xenbus_vif_flags`).
pub const DRAIN_MILLIS_UNTOLD: u64 = 30;

/// Milliseconds without a packet taken after which a guest that posts too few buffers loses its carrier
/// (`rx_stall_timeout_msecs`).
pub const STALL_MILLIS: u64 = 60_000;

/// Bytes that a guest may always send in one burst, however low its rate: a jumbo packet of the old kind (`tx_add_credit`).
pub const LEAST_BURST: u64 = 131_072;

/// Addresses on a guest's list of groups (`XEN_NETBK_MCAST_MAX`).
pub const MULTICAST_ADDRESSES: usize = 64;
