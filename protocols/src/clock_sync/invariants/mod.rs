//! What must hold, whatever happens.

pub(crate) mod error_within_half_the_round_trip;
