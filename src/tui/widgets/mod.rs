//! Small drawings that know no Kubernetes: the canvas that all views draw on, text that is cut to
//! fit, columns that share a width, an input line, boxes and lists. What is drawn where is the
//! business of each page's `view.rs`.

pub mod canvas;
pub mod columns;
pub mod document;
pub mod editor;
pub mod line;
pub mod notice;
pub mod popup;
pub mod text;

pub use canvas::Canvas;
