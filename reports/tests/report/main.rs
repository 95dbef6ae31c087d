//! Tests of the report: synthetic records in, pages out.

mod browser;
mod edges;
mod indexes;
mod markup;
mod pages;
mod records;
