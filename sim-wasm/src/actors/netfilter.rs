//! dom0's packet filter where the bridge forwards: the `FORWARD` chain with its match on bridge ports (`-m physdev`), which
//! Xen's `vif-bridge` script fills, and the `FORWARD` chain of ebtables.
//!
//! The chain is asked once for each way out, so a flooded packet may pass to some ports and not to others. Whoever drops a
//! packet frees it, and freeing it is all that its sender ever learns.
//!
//! Not modelled: matches on what is in the packet, connection tracking, rejecting with an answer, and every other chain.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::bridge::BridgePort;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    #[default]
    Accept,
    /// It is freed here.
    Drop,
}

/// Which ports a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Every port.
    Any,
    /// One port.
    Port(BridgePort),
}

impl Match {
    fn holds(self, port: BridgePort) -> bool {
        match self {
            Match::Any => true,
            Match::Port(only) => only == port,
        }
    }
}

/// A rule of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where the packet came in (`--physdev-in`).
    pub from: Match,
    /// Where it would leave (`--physdev-out`).
    pub to: Match,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// The chain: the first rule that holds decides, and the policy where none does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// What becomes of packets that no rule is about.
    pub policy: Verdict,
}

impl Filter {
    /// Lets everything through.
    pub const ACCEPT: Filter = Filter { rules: Vec::new(), policy: Verdict::Accept };

    /// Drops everything.
    pub const DROP: Filter = Filter { rules: Vec::new(), policy: Verdict::Drop };

    /// Lets everything through but what goes between this port and others, in either direction.
    #[must_use]
    pub fn without(port: BridgePort) -> Filter {
        let rule = |from, to| Rule { from, to, verdict: Verdict::Drop };
        Filter {
            rules: vec![rule(Match::Port(port), Match::Any), rule(Match::Any, Match::Port(port))],
            policy: Verdict::Accept,
        }
    }

    /// The verdict on a packet that came in at `from` and would leave at `to`.
    #[must_use]
    #[inline]
    pub fn verdict(&self, from: BridgePort, to: BridgePort) -> Verdict {
        let rule = self.rules.iter().find(|rule| rule.from.holds(from) && rule.to.holds(to));
        rule.map_or(self.policy, |rule| rule.verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Match, Rule, Verdict};
    use crate::actors::bridge::BridgePort::{Card, Local, Vif};
    use crate::words::ids::VifId;

    const A: VifId = VifId(0);
    const B: VifId = VifId(1);

    #[test]
    fn the_first_rule_that_holds_decides() {
        let rule = |from, to, verdict| Rule { from, to, verdict };
        let only = |port| Match::Port(port);
        let filter = Filter {
            rules: vec![
                rule(only(Vif(A)), only(Card), Verdict::Accept),
                rule(only(Vif(A)), Match::Any, Verdict::Drop),
                rule(Match::Any, only(Vif(B)), Verdict::Drop),
            ],
            policy: Verdict::Accept,
        };
        for (from, to, verdict) in [
            (Vif(A), Card, Verdict::Accept),
            (Vif(A), Vif(B), Verdict::Drop),
            (Vif(A), Local, Verdict::Drop),
            (Card, Vif(B), Verdict::Drop),
            (Card, Vif(A), Verdict::Accept),
            (Vif(B), Card, Verdict::Accept),
        ] {
            assert_eq!(filter.verdict(from, to), verdict, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn a_port_can_be_cut_off() {
        let filter = Filter::without(Vif(A));
        let verdicts = [(Vif(A), Card), (Card, Vif(A)), (Card, Vif(B))].map(|(from, to)| filter.verdict(from, to));
        assert_eq!(verdicts, [Verdict::Drop, Verdict::Drop, Verdict::Accept]);
        assert_eq!(Filter::ACCEPT.verdict(Vif(A), Card), Verdict::Accept);
        assert_eq!(Filter::DROP.verdict(Vif(A), Card), Verdict::Drop);
    }
}
