//! The table `[transfer]`.

use rehearsal_sim::protocol::{self, Remark};
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most packets of a file: a sender without a window has them all under way at once.
const MOST_PACKETS: u32 = 100_000;

/// The table `[transfer]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many packets a file has: 1 to 100000. Default 10.
    pub packets: u32,
    /// How many bytes a packet has on the wire, headers included. Default 1500 (the largest frame of
    /// Ethernet).
    pub packet_size: u32,
    /// How many bytes an acknowledgement has on the wire. Default 40 (the headers of IPv4 and TCP).
    pub ack_size: u32,
    /// How many packets of a file may be under way, sent and not acknowledged; 0 is no bound. In a
    /// round trip no more than a window gets through, whatever the bandwidth. Default 0.
    pub window: u32,
    /// What an acknowledgement speaks of. Default `each`.
    pub acks: Acks,
    /// How long a sender waits for the acknowledgement of a packet before it sends the packet again.
    /// Above zero; best above the round trip and the time that a window takes to be sent. Default 1s
    /// (the first timeout of TCP, RFC 6298).
    pub timeout: Span,
}

/// What an acknowledgement speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Acks {
    /// The packet that has come.
    Each,
    /// All packets up to the first that is missing: one that gets lost is made good by the next.
    Cumulative,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            packets: 10,
            packet_size: 1500,
            ack_size: 40,
            window: 0,
            acks: Acks::Each,
            timeout: Span::secs(1),
        }
    }
}

impl protocol::Config for Config {
    fn review(&self, round_trip: Span) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if !(1..=MOST_PACKETS).contains(&self.packets) {
            remarks.push(Remark {
                is_error: true,
                key: "packets",
                message: format!("a file of {} packets can not be sent", self.packets),
                help: format!("take 1 to {MOST_PACKETS} packets"),
            });
        }
        if self.timeout == Span::ZERO {
            remarks.push(Remark {
                is_error: true,
                key: "timeout",
                message: "a packet would be sent again and again at one instant".to_owned(),
                help: "take a timeout above the round trip".to_owned(),
            });
        } else if self.timeout <= round_trip {
            remarks.push(Remark {
                is_error: false,
                key: "timeout",
                message: format!(
                    "the round trip is {round_trip}: packets are sent again before their \
                     acknowledgements can come"
                ),
                help: "take a timeout above the round trip".to_owned(),
            });
        }
        remarks
    }
}
