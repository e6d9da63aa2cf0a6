//! What is counted of a tenant as its events pass: in windows of time, with quantiles that can be merged.
//!
//! ```text
//!  commit --> Tally (what it adds) --> the open slot --> 5 s x 61 --> 1 m x 61 --> 10 m x 145 --> 1 h
//!                                                       1m, 5m        1h           1d             reports
//! ```
//! Nothing is looked for later: whoever decides something says in the same commit what is to be counted.
//! A slot is a [`Tally`], and a window is the sum of its slots, so that a question costs the same however
//! many events there were.

mod facts;
mod heavy;
mod series;
mod size;
mod sketch;
mod summary;
mod tally;

pub use self::facts::{is_answered, is_reminder};
pub use self::series::{Level, Series, Slot, Window};
pub use self::size::Size;
pub use self::sketch::Sketch;
pub(crate) use self::sketch::whole;
pub use self::summary::{point, point_names, summary};
pub use self::tally::{Channel, Count, Route, Tally, TallyBefore, TallyOfFirst};
