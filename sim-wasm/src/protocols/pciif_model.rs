//! The request of pcifront and its answer as two processors see them, one micro-step at a time, and every interleaving.
//!
//! ```text
//!   front                                       back
//!   ─────                                       ────
//!   write op                                    event, or look again: bit 0 set, private bit clear?
//!   wmb                                         set the private bit
//!   set bit 0                                   read op, carry it out
//!   notify                                      write err and value
//!   until bit 0 is clear: poll the port         wmb
//!     too long: clear bit 0, give up            clear bit 0
//!   read err and value                          notify
//!                                               clear the private bit
//!                                               look again
//! ```
//!
//! Memory is weak as in [`notification_model`](crate::protocols::notification_model): a store waits in its processor's buffer,
//! and only a `wmb` keeps the data ahead of the flag. Notifying is a locked operation and waits for the buffer. The front may
//! look at the flag at any time, since other things come by its port too; so may the back, since it looks again by itself.
//!
//! [`explore`] finds the shortest way to each [`Fault`]. With everything in place there is none, as long as nobody gives up.
//! A front that gives up and asks anew may take the old answer for the new one's.
//!
//! Sources: `do_pci_op` of `drivers/pci/xen-pcifront.c`, `xen_pcibk_do_op` of `drivers/xen/xen-pciback/pciback_ops.c`.
//!
//! Not modelled: reports of errors by the back, and a read of `op` that a processor carries out before that of the flag.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PciProtocol {
    /// Requests that the front makes, at most three.
    pub requests: u8,
    /// The front's `wmb` between request and bit 0.
    pub front_wmb: bool,
    /// The back's `wmb` between answer and bit 0.
    pub back_wmb: bool,
    /// The back's second look after it has cleared its private bit.
    pub looks_again: bool,
    /// Whether the front may give up.
    pub may_give_up: bool,
}

impl PciProtocol {
    /// The protocol as both drivers have it, with a back that always answers in time.
    pub const SOUND: PciProtocol =
        PciProtocol { requests: 3, front_wmb: true, back_wmb: true, looks_again: true, may_give_up: false };
}

/// One micro-step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PciStep {
    /// The front writes the request of this number, into its buffer.
    WriteOp(u8),
    /// The front sets bit 0, into its buffer.
    SetActive,
    /// The front notifies.
    FrontNotify,
    /// The front sees bit 0 clear and takes the answer to this request.
    TakeAnswer(u8),
    /// The front clears bit 0 itself and gives up.
    GiveUp,
    /// The back takes an event and looks at bit 0.
    BackEvent,
    /// The back reads the request of this number.
    ReadOp(u8),
    /// The back writes the answer to this request, into its buffer.
    WriteAnswer(u8),
    /// The back clears bit 0, into its buffer.
    ClearActive,
    /// The back notifies.
    BackNotify,
    /// The back clears its private bit.
    ClearPrivate,
    /// The back looks again.
    LookAgain,
    /// A store of the front's becomes visible.
    FrontVisible,
    /// A store of the back's becomes visible.
    BackVisible,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The back carries out what was there before the request.
    StaleRequest,
    /// Bit 0 fell by the back's hand, and the answer of the request that it answers was not visible yet.
    EarlyFall,
    /// The front takes an answer that is to another request.
    WrongAnswer,
    /// The front waits, and nothing is going to happen any more.
    LostRequest,
}

/// What [`explore`] found: for each fault the steps to it, if there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PciExploration {
    /// How many different states there are.
    pub states: u32,
    /// A stale request.
    pub stale_request: Option<Vec<PciStep>>,
    /// A flag that fell too early.
    pub early_fall: Option<Vec<PciStep>>,
    /// A wrong answer.
    pub wrong_answer: Option<Vec<PciStep>>,
    /// A lost request.
    pub lost_request: Option<Vec<PciStep>>,
    /// The most requests that the front had under way at a time.
    pub most_in_flight: u8,
}

/// A buffer of one processor: data, then flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Buffer {
    data: Option<u8>,
    /// The value of bit 0 that waits.
    flag: Option<bool>,
}

impl Buffer {
    const fn is_empty(self) -> bool {
        self.data.is_none() && self.flag.is_none()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Front {
    /// Nothing under way; the next request has this number.
    Idle,
    Written,
    Set,
    Waiting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Back {
    Asleep,
    Queued,
    Read(u8),
    Answered(u8),
    Cleared,
    Notified,
    Parted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// Shared memory: the request's number, the answer's, bit 0.
    op: u8,
    answer: u8,
    active: bool,
    front_buffer: Buffer,
    back_buffer: Buffer,
    event: bool,
    front: Front,
    /// The number of the front's request, from 1.
    number: u8,
    in_flight: u8,
    back: Back,
    /// What the back's flag in its buffer answers.
    answering: u8,
}

const START: State = State {
    op: 0,
    answer: 0,
    active: false,
    front_buffer: Buffer { data: None, flag: None },
    back_buffer: Buffer { data: None, flag: None },
    event: false,
    front: Front::Idle,
    number: 0,
    in_flight: 0,
    back: Back::Asleep,
    answering: 0,
};

type Moves = Vec<(PciStep, State, Option<Fault>)>;

/// Walks every interleaving, nearest first.
///
/// # Panics
/// If there are more than three requests.
#[must_use]
pub fn explore(protocol: PciProtocol) -> PciExploration {
    assert!(protocol.requests <= 3, "the model has room for few requests");
    let mut reached: Vec<(State, Option<(usize, PciStep)>)> = vec![(START, None)];
    let mut seen = BTreeSet::from([START]);
    let mut found = PciExploration {
        states: 0,
        stale_request: None,
        early_fall: None,
        wrong_answer: None,
        lost_request: None,
        most_in_flight: 0,
    };
    let mut at = 0;
    while let Some(&(state, _)) = reached.get(at) {
        found.most_in_flight = found.most_in_flight.max(state.in_flight);
        let moves = moves(state, protocol);
        if moves.is_empty() && state.front != Front::Idle {
            note(&mut found, Fault::LostRequest, || trace(&reached, at, None));
        }
        for (step, next, fault) in moves {
            if let Some(fault) = fault {
                note(&mut found, fault, || trace(&reached, at, Some(step)));
            }
            if seen.insert(next) {
                reached.push((next, Some((at, step))));
            }
        }
        at += 1;
    }
    found.states = at as u32;
    found
}

fn note(found: &mut PciExploration, fault: Fault, steps: impl FnOnce() -> Vec<PciStep>) {
    let place = match fault {
        Fault::StaleRequest => &mut found.stale_request,
        Fault::EarlyFall => &mut found.early_fall,
        Fault::WrongAnswer => &mut found.wrong_answer,
        Fault::LostRequest => &mut found.lost_request,
    };
    if place.is_none() {
        *place = Some(steps());
    }
}

fn trace(reached: &[(State, Option<(usize, PciStep)>)], end: usize, last: Option<PciStep>) -> Vec<PciStep> {
    let mut steps: Vec<PciStep> = last.into_iter().collect();
    let mut at = end;
    while let Some((from, step)) = reached[at].1 {
        steps.push(step);
        at = from;
    }
    steps.reverse();
    steps
}

fn moves(state: State, protocol: PciProtocol) -> Moves {
    let mut moves = Vec::new();
    front(state, protocol, &mut moves);
    back(state, protocol, &mut moves);
    visible(state, protocol, &mut moves);
    moves
}

fn front(state: State, protocol: PciProtocol, moves: &mut Moves) {
    let empty = state.front_buffer.is_empty();
    match state.front {
        Front::Idle if state.number < protocol.requests && empty => {
            let number = state.number + 1;
            let front_buffer = Buffer { data: Some(number), ..state.front_buffer };
            let next = State { front_buffer, front: Front::Written, number, in_flight: state.in_flight + 1, ..state };
            moves.push((PciStep::WriteOp(number), next, None));
        }
        Front::Idle => {}
        Front::Written => {
            let front_buffer = Buffer { flag: Some(true), ..state.front_buffer };
            moves.push((PciStep::SetActive, State { front_buffer, front: Front::Set, ..state }, None));
        }
        Front::Set if empty => {
            moves.push((PciStep::FrontNotify, State { event: true, front: Front::Waiting, ..state }, None));
        }
        Front::Set => {}
        Front::Waiting => {
            if !state.active {
                let fault = (state.answer != state.number).then_some(Fault::WrongAnswer);
                let next = State { front: Front::Idle, in_flight: state.in_flight - 1, ..state };
                moves.push((PciStep::TakeAnswer(state.answer), next, fault));
            } else if protocol.may_give_up {
                let next = State { active: false, front: Front::Idle, in_flight: state.in_flight - 1, ..state };
                moves.push((PciStep::GiveUp, next, None));
            }
        }
    }
}

fn back(state: State, protocol: PciProtocol, moves: &mut Moves) {
    // The handler runs beside the work, and does nothing while the private bit is set.
    if state.event {
        let back = if state.active && state.back == Back::Asleep { Back::Queued } else { state.back };
        moves.push((PciStep::BackEvent, State { event: false, back, ..state }, None));
    }
    match state.back {
        Back::Asleep => {}
        Back::Queued => {
            // Whoever gave up meanwhile has taken his request back, and the next one is written over it.
            let fault = (state.active && state.op != state.number).then_some(Fault::StaleRequest);
            moves.push((PciStep::ReadOp(state.op), State { back: Back::Read(state.op), ..state }, fault));
        }
        Back::Read(number) => {
            let back_buffer = Buffer { data: Some(number), ..state.back_buffer };
            let next = State { back_buffer, back: Back::Answered(number), ..state };
            moves.push((PciStep::WriteAnswer(number), next, None));
        }
        Back::Answered(answering) => {
            let back_buffer = Buffer { flag: Some(false), ..state.back_buffer };
            let next = State { back_buffer, back: Back::Cleared, answering, ..state };
            moves.push((PciStep::ClearActive, next, None));
        }
        Back::Cleared if state.back_buffer.is_empty() => {
            moves.push((PciStep::BackNotify, State { back: Back::Notified, ..state }, None));
        }
        Back::Cleared => {}
        Back::Notified => {
            let back = if protocol.looks_again { Back::Parted } else { Back::Asleep };
            moves.push((PciStep::ClearPrivate, State { back, ..state }, None));
        }
        Back::Parted => {
            let back = if state.active { Back::Queued } else { Back::Asleep };
            moves.push((PciStep::LookAgain, State { back, ..state }, None));
        }
    }
}

fn visible(state: State, protocol: PciProtocol, moves: &mut Moves) {
    let Buffer { data, flag } = state.front_buffer;
    if let Some(op) = data {
        let front_buffer = Buffer { data: None, ..state.front_buffer };
        moves.push((PciStep::FrontVisible, State { op, front_buffer, ..state }, None));
    }
    if let Some(active) = flag.filter(|_| data.is_none() || !protocol.front_wmb) {
        let front_buffer = Buffer { flag: None, ..state.front_buffer };
        moves.push((PciStep::FrontVisible, State { active, front_buffer, ..state }, None));
    }
    let Buffer { data, flag } = state.back_buffer;
    if let Some(answer) = data {
        let back_buffer = Buffer { data: None, ..state.back_buffer };
        moves.push((PciStep::BackVisible, State { answer, back_buffer, ..state }, None));
    }
    if let Some(active) = flag.filter(|_| data.is_none() || !protocol.back_wmb) {
        let back_buffer = Buffer { flag: None, ..state.back_buffer };
        let fault = (state.answer != state.answering).then_some(Fault::EarlyFall);
        moves.push((PciStep::BackVisible, State { active, back_buffer, ..state }, fault));
    }
}

#[cfg(test)]
mod tests {
    use super::{PciProtocol, PciStep, explore};

    #[test]
    fn with_everything_in_place_nothing_goes_wrong() {
        let found = explore(PciProtocol::SOUND);
        assert!(found.states > 100, "only {} states", found.states);
        assert_eq!([&found.stale_request, &found.early_fall, &found.wrong_answer, &found.lost_request], [&None; 4]);
        assert_eq!(found.most_in_flight, 1);
    }

    #[test]
    fn each_part_is_needed() {
        let without = explore(PciProtocol { back_wmb: false, ..PciProtocol::SOUND });
        assert!(without.early_fall.is_some() && without.wrong_answer.is_some());
        let without = explore(PciProtocol { front_wmb: false, ..PciProtocol::SOUND });
        assert!(without.stale_request.is_some() && without.early_fall.is_none());
        let without = explore(PciProtocol { looks_again: false, ..PciProtocol::SOUND });
        assert!(without.lost_request.is_some() && without.wrong_answer.is_none());
        let one = explore(PciProtocol { looks_again: false, requests: 1, ..PciProtocol::SOUND });
        assert_eq!(one.lost_request, None);
    }

    /// Every combination of parts and numbers of requests, and which faults there are in it.
    #[test]
    fn which_faults_there_are_follows_from_the_parts_that_are_missing() {
        let both = [false, true];
        for requests in 1..=3 {
            for (front_wmb, back_wmb) in both.into_iter().flat_map(|front| both.map(|back| (front, back))) {
                for (looks_again, may_give_up) in both.into_iter().flat_map(|looks| both.map(|gives| (looks, gives))) {
                    let protocol = PciProtocol { requests, front_wmb, back_wmb, looks_again, may_give_up };
                    let found = explore(protocol);
                    let more = requests > 1;
                    // A notification waits for the buffer: only who looks without one sees bit 0 ahead of the request.
                    let stale = !front_wmb && more && (looks_again || may_give_up);
                    let early = !back_wmb;
                    let wrong = early || stale || (more && may_give_up);
                    let lost = more && !looks_again && !may_give_up;
                    let faults = [&found.stale_request, &found.early_fall, &found.wrong_answer, &found.lost_request];
                    assert_eq!(faults.map(Option::is_some), [stale, early, wrong, lost], "{protocol:?}");
                    assert_eq!(found.most_in_flight, 1, "{protocol:?}");
                }
            }
        }
    }

    /// Without the back's `wmb` bit 0 is seen to fall, and nothing of what was written before it.
    #[test]
    fn what_falls_too_early_is_bit_0_ahead_of_the_answer() {
        let found = explore(PciProtocol { requests: 1, back_wmb: false, ..PciProtocol::SOUND });
        let steps = found.early_fall.expect("there is a way");
        let written = steps.iter().position(|step| *step == PciStep::WriteAnswer(1)).expect("the answer was written");
        assert_eq!(steps[written + 1..], [PciStep::ClearActive, PciStep::BackVisible]);
        let steps = found.wrong_answer.expect("there is a way");
        let seen = steps.iter().filter(|step| **step == PciStep::BackVisible).count();
        assert_eq!((steps.last(), seen), (Some(&PciStep::TakeAnswer(0)), 1), "what lay there before is taken");
    }

    #[test]
    fn who_gives_up_may_take_an_old_answer_for_a_new_one() {
        let found = explore(PciProtocol { may_give_up: true, ..PciProtocol::SOUND });
        let steps = found.wrong_answer.expect("there is a way");
        assert!(steps.contains(&PciStep::GiveUp) && steps.ends_with(&[PciStep::TakeAnswer(1)]), "{steps:?}");
        assert_eq!((found.most_in_flight, found.early_fall), (1, None));
    }
}
