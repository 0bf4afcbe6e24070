//! A list that needs no allocation for its first element. Most of these lists have only one
//! element.

use core::{iter, mem};

/// Elements in the order of insertion. The first element is stored inline.
#[derive(Clone, Debug)]
pub(crate) struct ShortList<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> ShortList<T> {
    /// Appends an element.
    pub(crate) fn push(&mut self, element: T) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.rest.push(element);
        }
    }

    /// Iterates over the elements.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }

    /// The first element.
    pub(crate) const fn first(&self) -> Option<&T> {
        self.first.as_ref()
    }

    /// Swaps the first element with the element at this index, if there is one.
    pub(crate) fn move_to_front(&mut self, index: usize) {
        let other = index
            .checked_sub(1)
            .and_then(|index| self.rest.get_mut(index));
        if let (Some(first), Some(other)) = (&mut self.first, other) {
            mem::swap(first, other);
        }
    }

    /// Returns true if the list is empty.
    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl<T> Default for ShortList<T> {
    fn default() -> Self {
        Self {
            first: None,
            rest: Vec::new(),
        }
    }
}

impl<T> From<T> for ShortList<T> {
    fn from(element: T) -> Self {
        Self {
            first: Some(element),
            rest: Vec::new(),
        }
    }
}

impl<T> Extend<T> for ShortList<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        elements.into_iter().for_each(|element| self.push(element));
    }
}

impl<T> IntoIterator for ShortList<T> {
    type Item = T;
    type IntoIter = iter::Chain<core::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
    }
}
