//! Tests of the scenario language as its users meet it.

mod broken;
mod catalog;
