//! How many messages of each kind went over each link: a counter for every link that was used, and
//! nothing for the others, of which ten thousand nodes have a hundred million.

/// Counters in the one table: 64 KB of them.
const SMALL: usize = 16_384;
/// A row of small counters that fits into one page of memory needs no hashing.
const PAGE: usize = 4096;
/// Slots of a sender's hash table when it is first used.
const FIRST: usize = 8;

/// A counter per sender, receiver and kind of message, zero until it is raised.
///
/// A small cluster has one plain table. In a large one the first nodes that say or hear anything share
/// such a table: if most are idle, these are all. For links of the others every sender has a row of its
/// own: small counters until one is full, or, where even those are many, a hash table with open
/// addressing until a plain one is no larger. Rows are only ever asked for one counter at a time: their
/// order can not reach a run.
#[derive(Debug)]
pub(crate) struct Counters {
    nodes: usize,
    kinds: usize,
    /// By sender, receiver, kind.
    table: Vec<u32>,
    /// How many nodes have a place in the table.
    side: usize,
    /// In a large cluster: one more than each node's place in the table; zero where it has none.
    places: Vec<u32>,
    /// How many places are taken.
    taken: u32,
    /// By sender; made at first use.
    rows: Vec<Row>,
}

#[derive(Debug)]
enum Row {
    /// `key << 32 | count`; zero is a free slot. A power of two of them.
    Hashed { slots: Vec<u64>, filled: usize },
    /// By receiver, kind; each below 255.
    Small(Vec<u8>),
    /// By receiver, kind.
    Plain(Vec<u32>),
}

impl Counters {
    pub(crate) fn new(nodes: usize, kinds: usize) -> Counters {
        assert!(nodes * kinds <= u32::MAX as usize, "a link and a kind fit into 32 bits");
        let side = nodes.min((SMALL / kinds.max(1)).isqrt());
        let places = if side < nodes { vec![0; nodes] } else { Vec::new() };
        let (table, rows) = (vec![0; side * side * kinds], Vec::new());
        Counters { nodes, kinds, table, side, places, taken: 0, rows }
    }

    /// How many counters the one table has.
    pub(crate) fn cells(&self) -> usize {
        self.table.len()
    }

    /// Counts one more message; gives back how many there are now, and where in the one table its
    /// counter stands, if it does.
    #[inline(always)]
    pub(crate) fn raise(&mut self, from: u32, to: u32, kind: u16) -> (u32, Option<usize>) {
        let (sender, receiver) = if self.places.is_empty() {
            (from as usize, to as usize)
        } else {
            match (self.place(from), self.place(to)) {
                (Some(sender), Some(receiver)) => (sender, receiver),
                _ => return (self.raise_in_row(from, to, kind), None),
            }
        };
        let link = sender.wrapping_mul(self.side).wrapping_add(receiver);
        let cell = link.wrapping_mul(self.kinds).wrapping_add(usize::from(kind));
        let count = &mut self.table[cell];
        *count = count.checked_add(1).expect(TOO_MANY);
        (*count, Some(cell))
    }

    /// The place of a node in the table of a large cluster; the first nodes that ask get one.
    fn place(&mut self, node: u32) -> Option<usize> {
        let place = &mut self.places[node as usize];
        if *place == 0 {
            if self.taken as usize == self.side {
                return None;
            }
            self.taken += 1;
            *place = self.taken;
        }
        Some(*place as usize - 1)
    }

    #[inline(never)]
    fn raise_in_row(&mut self, from: u32, to: u32, kind: u16) -> u32 {
        let column = to as usize * self.kinds + usize::from(kind);
        if self.rows.is_empty() {
            let empty = || Row::Hashed { slots: Vec::new(), filled: 0 };
            self.rows.resize_with(self.nodes, empty);
        }
        match &mut self.rows[from as usize] {
            Row::Small(counts) if counts[column] < u8::MAX - 1 => {
                counts[column] += 1;
                u32::from(counts[column])
            }
            Row::Small(counts) => {
                let counts = counts.iter().map(|count| u32::from(*count)).collect();
                self.rows[from as usize] = Row::Plain(counts);
                self.raise_in_row(from, to, kind)
            }
            Row::Plain(counts) => {
                counts[column] = counts[column].checked_add(1).expect(TOO_MANY);
                counts[column]
            }
            Row::Hashed { slots, filled } => {
                // Keys begin at 1, so that no counter looks like a free slot.
                let key = u32::try_from(column + 1).expect("a link and a kind fit into 32 bits");
                if *filled * 4 >= slots.len() * 3 {
                    self.grow(from as usize);
                    return self.raise_in_row(from, to, kind);
                }
                let slot = find(slots, key);
                *filled += usize::from(*slot == 0);
                let (_, count) = split(*slot);
                *slot = join(key, count.checked_add(1).expect(TOO_MANY));
                count + 1
            }
        }
    }

    #[cold]
    fn grow(&mut self, from: usize) {
        let Row::Hashed { slots, .. } = &mut self.rows[from] else { return };
        let old = std::mem::take(slots);
        let used = old.iter().map(|slot| split(*slot)).filter(|(key, _)| *key > 0);
        let room = (old.len() * 2).max(FIRST);
        let count = self.nodes * self.kinds;
        if old.is_empty() && count <= PAGE {
            self.rows[from] = Row::Small(vec![0; count]);
        } else if count * size_of::<u32>() <= room * size_of::<u64>() {
            let mut counts = vec![0; count];
            used.for_each(|(key, count)| counts[key as usize - 1] = count);
            self.rows[from] = Row::Plain(counts);
        } else {
            *slots = vec![0; room];
            used.for_each(|(key, count)| *find(slots, key) = join(key, count));
        }
    }
}

const TOO_MANY: &str = "fewer than 2^32 messages of a kind on a link";

fn join(key: u32, count: u32) -> u64 {
    u64::from(key) << 32 | u64::from(count)
}

#[allow(clippy::cast_possible_truncation, reason = "the halves of a slot")]
fn split(slot: u64) -> (u32, u32) {
    ((slot >> 32) as u32, slot as u32)
}

/// The slot of a key, or the free one where it belongs.
#[inline]
fn find(slots: &mut [u64], key: u32) -> &mut u64 {
    let mask = slots.len() - 1;
    // Fibonacci hashing: the high bits of the product are the well mixed ones.
    let hash = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let mut place = hash as usize & mask;
    while slots[place] != 0 && split(slots[place]).0 != key {
        place = (place + 1) & mask;
    }
    &mut slots[place]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Small or large, the counts are those that a map would keep.
        #[test]
        fn links_count_for_themselves(
            nodes in prop::sample::select(vec![2u32, 5, 40, 700, 3_000, 1 << 20]),
            kinds in 1u16..9,
            uses in proptest::collection::vec((any::<u32>(), any::<u32>(), any::<u16>()), 0..900),
        ) {
            let mut counters = Counters::new(nodes as usize, usize::from(kinds));
            let mut model = BTreeMap::new();
            // Few nodes are used, so that links are used again.
            let near = |n: u32| n % nodes.min(12) * (nodes / nodes.min(12));
            for (from, to, kind) in uses {
                let (from, to, kind) = (near(from), near(to), kind % kinds);
                let count = model.entry((from, to, kind)).or_insert(0);
                *count += 1;
                prop_assert_eq!(counters.raise(from, to, kind).0, *count);
            }
        }
    }

    /// Of ten thousand nodes the few that talk share the table.
    #[test]
    fn idle_nodes_take_no_place() {
        let mut counters = Counters::new(10_000, 4);
        let busy: Vec<u32> = (0..60).map(|n| n * 157).collect();
        for from in &busy {
            for to in busy.iter().filter(|to| *to != from) {
                assert!(matches!(counters.raise(*from, *to, 3), (1, Some(_))));
            }
        }
        assert!(counters.rows.is_empty());
        assert!((5_001..5_009).all(|late| counters.raise(late, 0, 3).0 == 1));
        assert_eq!(counters.raise(5_008, 0, 3), (2, None));
        assert_eq!(counters.raise(0, 157, 3).0, 2);
    }

    /// Small counters become large ones before they overflow.
    #[test]
    fn small_counters_count_on() {
        let mut counters = Counters::new(1_000, 1);
        (0..128).for_each(|node| {
            counters.raise(node, 999 - node, 0);
        });
        assert!((1..=2).all(|round| counters.raise(500, 501, 0) == (round, None)));
        assert!(matches!(counters.rows[500], Row::Small(_)));
        assert!((1..=70_000).all(|round| counters.raise(500, 502, 0) == (round, None)));
        assert!(matches!(counters.rows[500], Row::Plain(_)));
        assert_eq!(counters.raise(500, 501, 0), (3, None));
    }

    /// A row grows by hashing as long as that is smaller, and counts on over each change.
    #[test]
    fn rows_take_the_room_they_need() {
        let mut counters = Counters::new(10_000, 20);
        for round in 1..=3 {
            assert!((0..1_000).all(|to| counters.raise(7, to, 11).0 == round));
        }
        let slots = |row: &Row| match row {
            Row::Hashed { slots, .. } => slots.len(),
            _ => panic!("a plain row is larger"),
        };
        assert_eq!(slots(&counters.rows[7]), 2_048);
        assert_eq!(slots(&counters.rows[8]), 0);
        for round in 1..=3 {
            let all = (0..10_000).flat_map(|to| (0..20).map(move |kind| (to, kind)));
            assert!(all.into_iter().all(|(to, kind)| counters.raise(9, to, kind).0 == round));
        }
        assert!(matches!(&counters.rows[9], Row::Plain(counts) if counts.len() == 200_000));
    }
}
