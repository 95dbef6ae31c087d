//! Instructions per unit, counted by valgrind where it is installed: a number without noise.
//!
//! The benchmark runs itself under callgrind with two sizes; the difference per unit leaves out
//! what it takes to start, and to build the cluster.

use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};

use crate::workloads::{Contest, Workload};

/// Instructions of the engine per unit, or why they can not be told.
pub(crate) fn instructions(workload: Workload, n: u32, quick: bool) -> Result<f64, String> {
    let (few, more) = match workload {
        Workload::Seeds => (50, 500),
        _ => (5 * u64::from(n) + 10_000, 100_000),
    };
    let more = few + if quick { more / 4 } else { more };
    let (few, more) = (start(workload, n, few)?, start(workload, n, more)?);
    let (few, more) = (finish(few)?, finish(more)?);
    let instructions = more.instructions as f64 - few.instructions as f64;
    Ok(instructions / (more.units as f64 - few.units as f64))
}

/// What one run under callgrind says.
struct Count {
    instructions: u64,
    units: u64,
}

fn start(workload: Workload, n: u32, units: u64) -> Result<Child, String> {
    let itself = std::env::current_exe().map_err(|error| error.to_string())?;
    Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(itself)
        .args(["--bench", "--run", workload.name(), &n.to_string(), &units.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                "instructions are left out: valgrind is not installed".to_owned()
            }
            _ => format!("instructions are left out: valgrind does not start: {error}"),
        })
}

fn finish(child: Child) -> Result<Count, String> {
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let (said, told) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let count = || {
        let collected = told.lines().find_map(|line| line.split_once("Collected : "))?.1;
        Some(Count {
            instructions: collected.trim().parse().ok()?,
            units: said.trim().parse().ok()?,
        })
    };
    match count() {
        Some(count) if output.status.success() => Ok(count),
        _ => {
            let why = told.lines().last().unwrap_or("it says nothing");
            Err(format!("instructions are left out: valgrind gives no count: {why}"))
        }
    }
}

/// The other side: one run of the engine, which says how many units it did.
pub(crate) fn count(workload: Workload, n: u32, units: u64) -> u64 {
    (Contest::new(workload, n, units).engine)().units
}
