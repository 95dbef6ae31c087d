//! Placeholder until the real module lands.
#![allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance(u64);
impl Chance {
    pub fn from_f64(p: f64) -> Option<Chance> {
        (0.0..=1.0).contains(&p).then_some(Chance(p as u64))
    }
}
#[derive(Clone, Debug)]
pub struct Stream(u64);
impl Stream {
    pub fn next_u64(&mut self) -> u64 {
        self.0
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 % n
    }
}
