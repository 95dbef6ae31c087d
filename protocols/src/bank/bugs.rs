//! The planted bugs of [`Bank`](super::Bank).

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A branch sends money before its debit is on disk.
    CreditBeforeDebit,
    /// A branch does not recognise money that comes again.
    CreditedTwice,
    /// An audit takes the first answers it gets.
    AuditReadsOnce,
    /// A branch that restarts forgets which transfers are under way.
    TransferForgotten,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] =
        &[Bug::CreditBeforeDebit, Bug::CreditedTwice, Bug::AuditReadsOnce, Bug::TransferForgotten];
    fn info(self) -> BugInfo {
        match self {
            Bug::CreditBeforeDebit => BugInfo {
                slug: "credit-before-debit",
                id: Some("bug:T1"),
                sentence: "a branch sends money on before its debit is durable",
                source: "horizontal-scaling-convex#101 (COMMIT is sent before the decision is \
                         durable)",
                property: "money_is_conserved",
                hunt: None,
            },
            Bug::CreditedTwice => BugInfo {
                slug: "credited-twice",
                id: None,
                sentence: "a branch does not recognise money that comes again",
                source: "Helland 2007, Life beyond Distributed Transactions, section 5",
                property: "money_is_conserved",
                hunt: None,
            },
            Bug::AuditReadsOnce => BugInfo {
                slug: "audit-reads-once",
                id: None,
                sentence: "an audit adds up the first answers it gets, of different moments",
                source: "Chandy & Lamport 1985, Distributed Snapshots, section 1; Afek et al. 1993, \
                         Atomic Snapshots of Shared Memory, section 3 (double collect)",
                property: "linearizable",
                hunt: None,
            },
            Bug::TransferForgotten => BugInfo {
                slug: "transfer-forgotten",
                id: Some("bug:T3"),
                sentence: "a branch that restarts does not go on with the transfers under way",
                source: "horizontal-scaling-convex#158; bitronix btm#59",
                property: "progress",
                hunt: None,
            },
        }
    }
}
