//! Tests of the report: synthetic records in, pages out.

mod browser;
mod comparisons;
mod edges;
mod indexes;
mod markup;
mod order;
mod pages;
mod records;
