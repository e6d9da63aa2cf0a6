//! What people look for among events: types, words, phrases, fields.

//!
//! A question is held against an event itself; what an index says is only which events to look at. So the
//! words of both are made here, in one way: cut at everything that is no letter or digit, in lower case,
//! without accents.

mod query;
mod types;
mod words;

pub use self::query::{Clause, Query};
pub use self::types::{Pattern, Types};
pub use self::words::{Searchable, as_id, id_in};
