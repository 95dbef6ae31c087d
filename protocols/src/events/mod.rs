//! Shared vocabularies: what protocols of one family tell their observers.

pub mod consensus;
