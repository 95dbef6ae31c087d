//! The list of all checkers of histories.

use serde::Serialize;

/// What a checker of histories is called, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CheckerInfo {
    /// Its name, as in `rehearsal list checkers`.
    pub name: &'static str,
    /// What must hold, in one sentence.
    pub sentence: &'static str,
    /// Which histories it judges.
    pub input: &'static str,
    /// Where its definition is from.
    pub citation: &'static str,
}

/// Every checker of histories, from orders of single operations over what Jepsen counts to
/// transactions and logs.
pub const ALL: &[CheckerInfo] = &[
    CheckerInfo {
        name: "linearizable",
        sentence: "Every operation takes effect at one instant between its call and its end.",
        input: "operations of any sequential model; objects are judged one by one",
        citation: "Herlihy and Wing, Linearizability: a correctness condition for concurrent \
                   objects, TOPLAS 1990",
    },
    CheckerInfo {
        name: "sequential",
        sentence: "One order of all operations explains every reply and keeps each client's own.",
        input: "operations of any sequential model; all objects together",
        citation: "Lamport, How to make a multiprocessor computer that correctly executes \
                   multiprocess programs, IEEE Transactions on Computers 1979",
    },
    CheckerInfo {
        name: "sessions",
        sentence: "No client ever goes back behind what it has written or read: read your writes, \
                   monotonic reads, monotonic writes, writes follow reads.",
        input: "reads and writes of registers with different values",
        citation: "Terry and others, Session guarantees for weakly consistent replicated data, \
                   PDIS 1994",
    },
    CheckerInfo {
        name: "set",
        sentence: "The last read of a set has all that was added with success, and nothing else \
                   but what somebody tried to add.",
        input: "adds and reads of a whole set",
        citation: "Jepsen, checker/set, 2014",
    },
    CheckerInfo {
        name: "set-full",
        sentence: "No element of a set is lost once it is known to be there.",
        input: "adds and reads of a whole set",
        citation: "Jepsen, checker/set-full, 2018",
    },
    CheckerInfo {
        name: "counter",
        sentence: "Each read of a counter is between what surely was added and what may have been.",
        input: "adds and reads of a counter",
        citation: "Jepsen, checker/counter, 2014",
    },
    CheckerInfo {
        name: "total-queue",
        sentence: "What goes into a queue comes out, and nothing else.",
        input: "puts and takes of a queue, stack or priority queue that is drained at the end",
        citation: "Jepsen, checker/total-queue, 2014",
    },
    CheckerInfo {
        name: "unique-ids",
        sentence: "No identifier is handed out twice.",
        input: "requests for identifiers",
        citation: "Jepsen, checker/unique-ids, 2015",
    },
    CheckerInfo {
        name: "list-append",
        sentence: "Transactions keep the level of isolation that they promise; what breaks it is \
                   named.",
        input: "transactions that append to lists and read them",
        citation: "Kingsbury and Alvaro, Elle: inferring isolation anomalies from experimental \
                   observations, VLDB 2020",
    },
    CheckerInfo {
        name: "rw-register",
        sentence: "Transactions keep the level of isolation that they promise; what breaks it is \
                   named.",
        input: "transactions that write registers, each value once, and read them",
        citation: "Kingsbury and Alvaro, Elle, VLDB 2020; Biswas and Enea, On the complexity of \
                   checking transactional consistency, OOPSLA 2019",
    },
    CheckerInfo {
        name: "bank",
        sentence: "Every read of all accounts finds the same total, and no account below zero.",
        input: "transfers between accounts and reads of all of them",
        citation: "Jepsen, tests/bank, 2018",
    },
    CheckerInfo {
        name: "long-fork",
        sentence: "No two reads order two independent writes differently.",
        input: "transactions that write one key or read several",
        citation: "Sovran and others, Transactional storage for geo-replicated systems, SOSP 2011",
    },
    CheckerInfo {
        name: "causal-reverse",
        sentence: "Whoever sees an add sees every add that had ended before it was called.",
        input: "adds and reads of a whole set",
        citation: "Jepsen, tests/causal-reverse, 2019",
    },
    CheckerInfo {
        name: "log",
        sentence: "A log loses nothing, repeats nothing, and is read in the order of its offsets.",
        input: "sends and polls of a partitioned log",
        citation: "Jepsen, tests/kafka, 2022",
    },
];
