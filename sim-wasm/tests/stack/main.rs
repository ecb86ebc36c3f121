//! dom0's stack and its card: packets are neither lost nor doubled without a count that says so, queues keep their order and
//! their limits, and descriptors add up.

mod dom0;

mod ports;

mod drawn;

mod card;
