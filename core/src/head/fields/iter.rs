//! Fields as sequences, and made of them.
//! Whether a field may be sent is checked where it is added.

use super::table::Places;
use super::{Field, Fields, InvalidField, Span};
use crate::wire::token;
use std::fmt;
use std::iter::FusedIterator;

/// An iterator over [`Fields`], in order: see [`Fields::iter`].
#[derive(Clone)]
pub struct FieldsIter<'a> {
    pub(super) text: &'a [u8],
    pub(super) places: Places<'a>,
}

impl<'a> FieldsIter<'a> {
    fn field(&self, span: Span) -> Field<'a> {
        let name = token::ascii(span.name(self.text));
        Field { name, value: span.value(self.text) }
    }
}

impl<'a> Iterator for FieldsIter<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let span = self.places.next()?;
        Some(self.field(span))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl DoubleEndedIterator for FieldsIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let span = self.places.next_back()?;
        Some(self.field(span))
    }
}

impl ExactSizeIterator for FieldsIter<'_> {}

impl FusedIterator for FieldsIter<'_> {}

/// As [`Field`] shows each: credentials and cookies are hidden.
impl fmt::Debug for FieldsIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// An iterator that takes [`Fields`] apart: names and values, in order.
#[derive(Clone)]
pub struct FieldsIntoIter {
    fields: Fields,
    next: usize,
}

impl Iterator for FieldsIntoIter {
    type Item = (String, Vec<u8>);

    fn next(&mut self) -> Option<(String, Vec<u8>)> {
        let field = self.fields.iter().nth(self.next)?;
        self.next += 1;
        Some((field.name.to_owned(), field.value.to_owned()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.fields.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for FieldsIntoIter {}

impl FusedIterator for FieldsIntoIter {}

impl fmt::Debug for FieldsIntoIter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields.iter().skip(self.next)).finish()
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = Field<'a>;
    type IntoIter = FieldsIter<'a>;

    fn into_iter(self) -> FieldsIter<'a> {
        self.iter()
    }
}

impl IntoIterator for Fields {
    type Item = (String, Vec<u8>);
    type IntoIter = FieldsIntoIter;

    fn into_iter(self) -> FieldsIntoIter {
        FieldsIntoIter { fields: self, next: 0 }
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const K: usize> TryFrom<[(N, V); K]> for Fields {
    type Error = InvalidField;

    fn try_from(pairs: [(N, V); K]) -> Result<Fields, InvalidField> {
        Fields::from_pairs(pairs)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> TryFrom<Vec<(N, V)>> for Fields {
    type Error = InvalidField;

    fn try_from(pairs: Vec<(N, V)>) -> Result<Fields, InvalidField> {
        Fields::from_pairs(pairs)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> TryFrom<&[(N, V)]> for Fields {
    type Error = InvalidField;

    fn try_from(pairs: &[(N, V)]) -> Result<Fields, InvalidField> {
        Fields::from_pairs(pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
    }
}

/// Fields that were in [`Fields`] before, so that they may be sent. One that was changed
/// so that it may not be is left out.
impl<'a> Extend<Field<'a>> for Fields {
    fn extend<I: IntoIterator<Item = Field<'a>>>(&mut self, fields: I) {
        for field in fields {
            // Only a changed one fails.
            let _ = self.append(field.name, field.value);
        }
    }
}

/// As they are extended.
impl<'a> FromIterator<Field<'a>> for Fields {
    fn from_iter<I: IntoIterator<Item = Field<'a>>>(fields: I) -> Fields {
        let mut all = Fields::new();
        all.extend(fields);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_go_out_and_in_again() {
        let fields = Fields::from_pairs([("A", "1"), ("b", "2"), ("a", "3")]).unwrap();
        let names: Vec<&str> = (&fields).into_iter().map(|field| field.name).collect();
        assert_eq!(names, ["A", "b", "a"]);
        assert_eq!(fields.iter().rev().map(|field| field.value[0]).collect::<Vec<_>>(), b"321");
        assert_eq!((fields.iter().len(), fields.clone().into_iter().len()), (3, 3));
        assert_eq!(fields.iter().collect::<Fields>(), fields);
        assert_eq!(Fields::from_pairs(fields.clone()), Ok(fields.clone()));
        let mut twice = fields.clone();
        twice.extend(&fields);
        assert_eq!(twice.len(), 6);
        let mut left = fields.into_iter();
        assert_eq!(left.next(), Some(("A".to_owned(), b"1".to_vec())));
        assert_eq!(left.len(), 2);
    }

    #[test]
    fn of_pairs_all_are_taken_or_none() {
        let mut fields = Fields::try_from(vec![("A", "1")]).unwrap();
        let bad = [("B", "2"), ("C", "a\r\nb")];
        assert_eq!(fields.append_all(bad), Err(InvalidField::Value));
        assert_eq!(fields, Fields::try_from([("A", "1")]).unwrap());
        assert_eq!(Fields::try_from(&[("a b", "1")][..]), Err(InvalidField::Name));
        fields.append("D", "4").unwrap();
        assert_eq!(fields.get("d"), Some("4"));
        let changed = Field { name: "a b", value: b"1" };
        assert!([changed].into_iter().collect::<Fields>().is_empty());
    }

    #[test]
    fn secrets_are_shown_by_no_iterator() {
        let fields = Fields::try_from([("Cookie", "secret")]).unwrap();
        let told = format!("{:?} {:?}", fields.iter(), fields.clone().into_iter());
        assert!(told.contains("Cookie") && !told.contains("secret"), "{told}");
    }
}
