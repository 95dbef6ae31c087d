//! Sets that only grow, and are read whole.
//!
//! If each element is put once, the reads tell the order: they must be a chain of sets, each
//! element is put behind the last read without it and before the first read with it, and what no
//! read has comes last. These layers, reads and puts by turns, can follow each other if no operation
//! of an earlier layer is called after one of a later layer has returned.

use super::Decision;
use super::deeds::{Deeds, Numbers, Span};
use crate::check::act::Act;

/// `None` where an element is put twice, removed or asked for alone.
pub(super) fn decide(deeds: &Deeds) -> Option<Decision> {
    let (mut puts, mut reads) = (Vec::new(), Vec::new());
    for deed in &deeds.list {
        match &deed.act {
            Act::Add { element, was_missing: Some(true) | None } | Act::Ensure { element } => {
                puts.push((*element, deed.span, deed.is_open()));
            }
            Act::Elements { elements: Some(elements) } => reads.push((elements, deed.span)),
            _ => return None,
        }
    }
    let numbers = Numbers::of(puts.iter().map(|(element, ..)| *element));
    let mut place = vec![None; numbers.len()];
    for (put, (element, ..)) in puts.iter().enumerate() {
        if place[numbers.get(*element)].replace(put).is_some() {
            return None;
        }
    }
    reads.sort_by_key(|(elements, _)| elements.len());
    let mut layers: Vec<(usize, Span)> = Vec::with_capacity(deeds.list.len());
    let mut layer_of_put = vec![None; puts.len()];
    let mut layer = 0;
    let mut known: &[u64] = &[];
    for (elements, span) in reads {
        if elements.len() > known.len() || layer == 0 {
            layer += 2;
            let mut seen = 0;
            for element in elements {
                let put = place.get(numbers.get(*element)).copied().flatten();
                let Some(put) = put.filter(|put| puts[*put].0 == *element) else {
                    return Some(Decision::Breaks);
                };
                seen += usize::from(layer_of_put[put].is_some());
                layer_of_put[put] = layer_of_put[put].or(Some(layer - 1));
            }
            // Distinct and ascending, so as many known ones as before means all of them.
            if seen != known.len() || !elements.is_sorted_by(|a, b| a < b) {
                return Some(Decision::Breaks);
            }
            known = elements;
        } else if elements != known {
            return Some(Decision::Breaks);
        }
        layers.push((layer, span));
    }
    for ((_, span, is_open), its_layer) in puts.iter().zip(layer_of_put) {
        if its_layer.is_some() || !is_open {
            layers.push((its_layer.unwrap_or(layer + 1), *span));
        }
    }
    layers.sort_by_key(|(layer, _)| *layer);
    let (mut latest, mut latest_before, mut current) = (None, None, 0);
    for (layer, span) in layers {
        if layer > current {
            (latest_before, current) = (latest, layer);
        }
        if latest_before > Some(span.end) {
            return Some(Decision::Breaks);
        }
        latest = latest.max(Some(span.call));
    }
    Some(Decision::Holds)
}
