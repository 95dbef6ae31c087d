//! What can be wrong about disks, and about what happens to processes because of them.

use crate::report::Finding;
use crate::source::Site;

pub(crate) fn no_capacity(site: Site) -> Finding {
    Finding::error(site, "a disk without any room takes no record at all")
        .help("write how many records it has room for, or leave capacity out for any number")
}

pub(crate) fn restart_at_once(site: Site) -> Finding {
    Finding::error(
        site,
        "a process that ends itself at its start would be started for ever at one instant",
    )
    .help("write a time above zero, like \"1s\"")
}

pub(crate) fn rot_of_nothing(site: Site) -> Finding {
    Finding::error(site, "bit rot in no record does nothing")
        .help("write how many records of each disk become unreadable, or leave it out for one")
}
