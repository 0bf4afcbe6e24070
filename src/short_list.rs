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

    /// Moves the element at this index to the front, if there is one. The others keep their order.
    pub(crate) fn move_to_front(&mut self, index: usize) {
        let rest = self.rest.get_mut(..index).unwrap_or_default();
        if let (Some(first), Some(element)) = (&mut self.first, rest.last_mut()) {
            mem::swap(first, element);
            rest.rotate_right(1);
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn an_element_moves_to_the_front_and_the_others_keep_their_order() {
        for (index, expected) in [
            (0, [1, 2, 3, 4]),
            (1, [2, 1, 3, 4]),
            (2, [3, 1, 2, 4]),
            (3, [4, 1, 2, 3]),
            (4, [1, 2, 3, 4]),
        ] {
            let mut list = ShortList::default();
            list.extend([1, 2, 3, 4]);
            list.move_to_front(index);
            assert!(list.iter().eq(&expected), "{index}: {list:?}");
        }
    }
}
