//! Placeholder until the real module lands.
#![allow(missing_docs)]
use crate::time::Span;
use serde::{Deserialize, Serialize};
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    Constant(Span),
    Exponential { mean: Span },
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyLaw {
    Uniform { count: u64 },
    Zipf { count: u64, exponent: f64 },
}
#[derive(Clone, Debug)]
pub struct Sampler;
impl Sampler {
    pub fn draw(&self, bits: u64) -> u64 {
        bits >> 40
    }
}
