"""The transmit path as a SimPy model, to have the engine's speed beside a simulator that many people know.

The same scenario as path.rs: a guest sends bursts, a ring with its stop line and event indexes, a netback pass, the bridge,
a card with a rate and an interrupt, release, response, and the wake-up half a ring later. It does less than the engine:
there is no memory, so no grants, no mappings and no bytes. It counts a change of state wherever the engine's log has an
entry, also for what it does not do, which is in its favour.

Usage: python network_path.py '{"packets": 100000, "runs": 5, ...}' (the fields of Scenario); prints one JSON object.
"""

import json
import platform
import sys
import time
from collections import deque
from typing import NamedTuple

import simpy

RING = 256
STOP_LINE = 236  # 256 - MAX_SKB_FRAGS - 2
POOL = 256  # MAX_PENDING_REQS
MAX_SKB_FRAGS = 18
BACKLOG_WEIGHT = 64
DESCRIPTORS = 256  # e1000's transmit ring
DESCRIPTORS_OF_PACKET = 2  # its head and its one fragment
STOP_BELOW = MAX_SKB_FRAGS + 2
WAKE_AT = 32  # TX_WAKE_THRESHOLD


class Scenario(NamedTuple):
    """What path.rs says, times in nanoseconds."""

    packets: int
    burst: int
    every: int
    bytes: int
    megabits: int
    interrupt_delay: int
    event_delay: int
    softirq_delay: int
    queue: int


class Path:
    """Guest, ring, netback, bridge and card. Ring indexes only grow: Python's integers do not wrap."""

    def __init__(self, env, scenario):
        self.env = env
        self.scenario = scenario
        self.wire_time = scenario.bytes * 8_000 // scenario.megabits
        self.events = 0
        self.delivered = 0
        self.dropped = 0
        # The ring.
        self.req_prod = self.rsp_prod = 0
        self.req_event = self.rsp_event = 1
        # The guest.
        self.queue = deque()
        self.rsp_cons = 0
        self.stopped = False
        # Netback: requests taken, slots held, slots to be released.
        self.req_cons = 0
        self.held = 0
        self.dealloc = 0
        self.scheduled = False
        # What wakes the processes.
        self.guest_event = env.event()
        self.dom0_event = env.event()
        self.tasklet_due = env.event()
        self.backlog = simpy.Store(env)
        self.egress = deque()
        self.card = simpy.Store(env)
        self.card_free = DESCRIPTORS
        self.card_stopped = False
        self.sent = 0
        self.transmit_done = env.event()
        for process in (
            self.application,
            self.guest_upcalls,
            self.dom0_upcalls,
            self.tasklet,
            self.bridge,
            self.wire,
            self.card_interrupts,
        ):
            env.process(process())

    # The guest.

    def application(self):
        scenario = self.scenario
        for _ in range(scenario.packets // scenario.burst):
            for _ in range(scenario.burst):
                if len(self.queue) >= scenario.queue:
                    self.events += 1  # QueueOverflowed
                    self.dropped += 1
                else:
                    self.queue.append(scenario.bytes)
                    self.drain_queue()
            yield self.env.timeout(scenario.every)

    def drain_queue(self):
        while self.queue and not self.stopped:
            self.queue.popleft()
            self.start_xmit()

    def start_xmit(self):
        # PacketOffered, GrantsGiven, RequestWritten, RequestsPublished
        self.events += 4
        old = self.req_prod
        self.req_prod = new = old + 1
        if old < self.req_event <= new:
            self.events += 1  # EventSent
            if not self.dom0_event.triggered:
                self.dom0_event.succeed()
        self.tx_buf_gc()
        if self.req_prod - self.rsp_cons >= STOP_LINE:
            self.stopped = True
            self.events += 1  # QueueStopped

    def tx_buf_gc(self):
        new = self.rsp_prod
        count = new - self.rsp_cons
        if count:
            # ResponsesReaped, GrantsEnded, and PacketFreed for each
            self.events += 2 + count
            self.rsp_cons = new
        event = new + (self.req_prod - new) // 2 + 1
        if event != self.rsp_event:
            self.events += 1  # ResponsesAwaited
            self.rsp_event = event
        if self.stopped and self.req_prod - self.rsp_cons < STOP_LINE:
            self.stopped = False
            self.events += 1  # QueueWoken

    def guest_upcalls(self):
        while True:
            yield self.guest_event
            yield self.env.timeout(self.scenario.event_delay)
            self.guest_event = self.env.event()
            self.tx_buf_gc()
            self.drain_queue()

    # Netback.

    def dom0_upcalls(self):
        while True:
            yield self.dom0_event
            yield self.env.timeout(self.scenario.event_delay)
            self.dom0_event = self.env.event()
            self.scheduled = True
            if self.held < POOL // 2:
                self.schedule_tasklet()

    def schedule_tasklet(self):
        if not self.tasklet_due.triggered:
            self.tasklet_due.succeed()

    def tasklet(self):
        while True:
            yield self.tasklet_due
            yield self.env.timeout(self.scenario.softirq_delay)
            self.tasklet_due = self.env.event()
            if self.dealloc:
                self.release()
            while self.scheduled and self.held + MAX_SKB_FRAGS < POOL:
                if self.req_cons == self.req_prod:
                    self.events += 1  # RequestsAwaited
                    self.req_event = self.req_cons + 1
                    self.scheduled = False
                    break
                # RequestsTaken, GrantsMapped, HeaderCopied, PacketReceived
                self.events += 4
                self.req_cons += 1
                self.held += 1
                self.backlog.put(self.scenario.bytes)

    def release(self):
        count = self.dealloc
        self.dealloc = 0
        self.held -= count
        # GrantsUnmapped, ResponsesWritten, ResponsesPublished
        self.events += 3
        old = self.rsp_prod
        self.rsp_prod = new = old + count
        if old < self.rsp_event <= new:
            self.events += 1  # EventSent
            if not self.guest_event.triggered:
                self.guest_event.succeed()

    # dom0's stack and the card.

    def bridge(self):
        backlog = self.backlog
        while True:
            packet = yield backlog.get()
            yield self.env.timeout(self.scenario.softirq_delay)
            self.forward(packet)
            for _ in range(min(len(backlog.items), BACKLOG_WEIGHT - 1)):
                self.forward((yield backlog.get()))
            self.feed_card()

    def forward(self, packet):
        self.events += 1  # PacketForwarded
        if self.card_stopped:
            self.events += 1  # PacketQueued
        self.egress.append(packet)

    def feed_card(self):
        while self.egress and not self.card_stopped:
            self.events += 1  # DescriptorsPosted
            self.card_free -= DESCRIPTORS_OF_PACKET
            self.card_stopped = self.card_free < STOP_BELOW
            self.card.put(self.egress.popleft())

    def wire(self):
        while True:
            yield self.card.get()
            yield self.env.timeout(self.wire_time)
            self.events += 1  # PacketSent
            self.delivered += 1
            self.sent += 1
            if not self.transmit_done.triggered:
                self.transmit_done.succeed()

    def card_interrupts(self):
        while True:
            yield self.transmit_done
            yield self.env.timeout(self.scenario.interrupt_delay)
            self.transmit_done = self.env.event()
            # TransmitDone, and PagesFreed for each
            self.events += 1 + self.sent
            self.dealloc += self.sent
            self.card_free += self.sent * DESCRIPTORS_OF_PACKET
            self.sent = 0
            self.schedule_tasklet()
            if self.card_stopped and self.card_free >= WAKE_AT:
                self.card_stopped = False
                self.feed_card()


def run(scenario):
    """Runs the model; returns it with the nanoseconds that it took."""
    start = time.perf_counter_ns()
    env = simpy.Environment()
    path = Path(env, scenario)
    env.run()
    return path, time.perf_counter_ns() - start


def main():
    fields = json.loads(sys.argv[1])
    runs = fields.pop("runs")
    scenario = Scenario(**fields)
    path, _ = run(scenario)
    nanos = [run(scenario)[1] for _ in range(runs)]
    print(
        json.dumps(
            {
                "python": platform.python_version(),
                "simpy": simpy.__version__,
                "delivered": path.delivered,
                "dropped": path.dropped,
                "events": path.events,
                "simulated": path.env.now,
                "nanos": nanos,
            }
        )
    )


if __name__ == "__main__":
    main()
