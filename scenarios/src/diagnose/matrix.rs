//! Messages about `[matrix]`, `--matrix` and `--point`.

use super::misread;
use crate::matrix::Point;
use crate::report::Finding;
use crate::source::Site;
use crate::tree::{Path, Tree};

/// So many points are listed where one has to be chosen.
const MOST_LISTED: usize = 12;

pub(crate) fn axis_without_list(tree: &Tree) -> Finding {
    let found = misread::describe(tree);
    let finding =
        Finding::error(tree.site.clone(), format!("an axis is a list of values, this is {found}"));
    finding.help("write the values in brackets, like [3, 5, 7]")
}

pub(crate) fn axis_twice(site: Site, earlier: Site, path: &Path) -> Finding {
    Finding::error(site, format!("`{path}` is an axis for the second time"))
        .also(earlier, "it is one already")
        .help("write all its values into one list")
}

pub(crate) fn axes_overlap((site, path): (Site, &Path), (there, other): (Site, &Path)) -> Finding {
    Finding::error(site, format!("the axes `{path}` and `{other}` set the same thing"))
        .also(there, "it is set here already")
        .help("keep one of them; an axis can have whole tables as values")
}

pub(crate) fn axis_without_values(site: Site) -> Finding {
    Finding::error(site, "this axis has no values")
        .help("write at least one, like [3, 5, 7], or remove the axis")
}

pub(crate) fn axis_value_missing(site: Site) -> Finding {
    Finding::error(site, "there is no value here")
        .help("write --matrix key=a,b,c; a value with commas of its own stands in quotes")
}

pub(crate) fn axis_value_twice([site, earlier]: [Site; 2]) -> Finding {
    Finding::error(site, "this value is in the axis for the second time")
        .also(earlier, "it is here already")
        .help("remove one; how often a point runs is a matter of --seeds")
}

pub(crate) fn no_axis(site: Site, key: &str) -> Finding {
    match key {
        "seed" => Finding::error(site, "seeds are no axis: every point runs with all of them")
            .help("say which with --seeds 0..50"),
        "matrix" => Finding::error(site, "a matrix has no matrix in it")
            .help("name a setting, like \"network.loss\""),
        _ => Finding::error(site, "what a scenario builds on is no axis")
            .help("write one file for each base, and `rehearsal compare` them"),
    }
}

pub(crate) fn matrix_without_axes(site: Site) -> Finding {
    Finding::error(site, "this matrix has no axes")
        .help("add one, like \"cluster.servers\" = [3, 5, 7], or remove [matrix]")
}

pub(crate) fn matrix_too_large(site: Site, sizes: &[usize], most: u32) -> Finding {
    let product: Vec<String> = sizes.iter().map(usize::to_string).collect();
    let points = sizes.iter().try_fold(1_usize, |points, size| points.checked_mul(*size));
    let points = points.map_or("too many".to_owned(), |points| points.to_string());
    let sum = if sizes.len() > 1 { format!("{} = ", product.join(" x ")) } else { String::new() };
    Finding::error(site, format!("a matrix has at most {most} points, this one has {sum}{points}"))
        .help("give an axis fewer values; --matrix key=a,b replaces one for now")
}

pub(crate) fn matrix_flag_without_values(site: Site) -> Finding {
    Finding::error(site, "an axis is a key and its values")
        .help("write --matrix key=a,b,c, like --matrix network.loss=0,0.01,0.05")
}

pub(crate) fn set_matrix(site: Site) -> Finding {
    Finding::error(site, "axes are not set with --set")
        .help("write --matrix key=a,b,c to add an axis or to replace one")
}

pub(crate) fn set_axis(site: Site, path: &Path) -> Finding {
    Finding::error(site, format!("`{path}` is an axis of the matrix: this would change nothing"))
        .help(format!("write --matrix {path}=... to give the axis this value alone"))
}

/// One of the points has to be chosen.
pub(crate) fn matrix_without_point(site: Site, points: &[Point]) -> Finding {
    let count = points.len();
    let what = match count {
        1 => "this scenario has a matrix of 1 point: say --point 1 to run it".to_owned(),
        _ => format!("this scenario has a matrix of {count} points, and one run is one of them"),
    };
    let mut finding = Finding::error(site, what);
    for point in points.iter().take(MOST_LISTED) {
        finding = finding.help(format!("--point {} is {}", point.number, point.shown()));
    }
    if count > MOST_LISTED {
        finding = finding.help(format!("... and so on, up to --point {count}"));
    }
    finding.help("`rehearsal run` without --point runs them all, and reports them on one page")
}

/// What is wrong at some points only.
pub(crate) fn at_point(finding: Finding, first: &Point, points: usize) -> Finding {
    let more = match points {
        1 => String::new(),
        _ => format!(" and {} more", points - 1),
    };
    finding.help(format!("this is so at point {}{more}: {}", first.number, first.shown()))
}

pub(crate) fn no_such_point(site: Site, points: u32) -> Finding {
    if points == 0 {
        return Finding::error(site, "this scenario has no [matrix], and so it has no points")
            .help("leave out --point, or add an axis: --matrix network.loss=0,0.01,0.05");
    }
    Finding::error(site, "the matrix has no point of this number")
        .help(format!("its points are numbered from 1 to {points}"))
}
