//! Tests of the scenario language as its users meet it.

mod broken;
mod catalog;
mod damage;
mod generated;
mod matrix;
mod meaning;
mod merging;
