//! One event on its way into the index: its place and its terms, in one piece of memory.

use std::iter;

use sereno_workflows::id::Sequence;
use tantivy::schema::Field;
use tantivy::schema::document::{Document, ReferenceValue, ReferenceValueLeaf, Value};

use super::room::Taken;

/// The fields of the index.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) place: Field,
    pub(super) terms: Field,
}

/// An event as it is indexed.
pub(super) struct Entry {
    fields: Fields,
    place: u64,
    /// Each term after its length in two bytes.
    terms: Vec<u8>,
    _room: Taken,
}

/// A place or a term.
#[derive(Debug, Clone)]
pub(super) enum Part<'a> {
    Place(u64),
    Term(&'a [u8]),
}

impl Entry {
    pub(super) fn new(fields: Fields, place: Sequence, room: Taken) -> Self {
        Self { fields, place: place.0, terms: Vec::new(), _room: room }
    }

    /// Adds a term of less than 64 KiB.
    pub(super) fn add(&mut self, term: &[u8]) {
        let Ok(length) = u16::try_from(term.len()) else { return };
        self.terms.extend_from_slice(&length.to_le_bytes());
        self.terms.extend_from_slice(term);
    }
}

/// The terms one after another.
pub(super) struct Terms<'a>(&'a [u8]);

impl<'a> Iterator for Terms<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (term, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        self.0 = rest;
        Some(term)
    }
}

impl Document for Entry {
    type Value<'a> = Part<'a>;
    type FieldsValuesIter<'a> = Box<dyn Iterator<Item = (Field, Part<'a>)> + 'a>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        let place = iter::once((self.fields.place, Part::Place(self.place)));
        let terms = Terms(&self.terms).map(|term| (self.fields.terms, Part::Term(term)));
        Box::new(place.chain(terms))
    }
}

impl<'a> Value<'a> for Part<'a> {
    type ArrayIter = iter::Empty<Self>;
    type ObjectIter = iter::Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(match *self {
            Self::Place(place) => ReferenceValueLeaf::U64(place),
            Self::Term(term) => ReferenceValueLeaf::Bytes(term),
        })
    }
}
