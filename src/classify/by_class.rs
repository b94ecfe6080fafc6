//! Classes by their ids, and what others keep of each.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// Index of a class in a library, which alone makes them: in another library it is that of another class, or of none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassId(usize);

/// One thing of each class of a library, in the order of the ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByClass<T>(Vec<T>);

impl<T> ByClass<T> {
    /// Adds that of a class without one, which so gets its id.
    pub(super) fn push(&mut self, of: T) -> ClassId {
        self.0.push(of);
        ClassId(self.0.len() - 1)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }

    pub fn with_ids(&self) -> impl Iterator<Item = (ClassId, &T)> {
        (0..).map(ClassId).zip(&self.0)
    }

    /// What is made of that of each class.
    pub fn map<U>(&self, mut made: impl FnMut(ClassId, &T) -> U) -> ByClass<U> {
        ByClass(self.with_ids().map(|(class, of)| made(class, of)).collect())
    }

    /// `None` if it is of fewer classes.
    pub fn get(&self, class: ClassId) -> Option<&T> {
        self.0.get(class.0)
    }
}

impl<T> Default for ByClass<T> {
    fn default() -> Self {
        ByClass(Vec::new())
    }
}

impl<T> Index<ClassId> for ByClass<T> {
    type Output = T;

    fn index(&self, class: ClassId) -> &T {
        &self.0[class.0]
    }
}

impl<T> IndexMut<ClassId> for ByClass<T> {
    fn index_mut(&mut self, class: ClassId) -> &mut T {
        &mut self.0[class.0]
    }
}

#[cfg(test)]
impl ClassId {
    /// That of any library with more classes than this.
    pub fn of_any(index: usize) -> Self {
        ClassId(index)
    }
}
