//! What must hold, whatever happens.

pub(crate) mod within_half_the_round_trip;
