//! Shapes that were made a moment ago.
//!
//! Without it a replay of an app log takes 6 % more instructions.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::{append_both, cut, object, shape};

/// Places for the shapes that were made last; a power of two.
const PLACES: usize = 256;

/// Longer messages are not remembered: they would fill the memory, and are rare.
const LONGEST_REMEMBERED: usize = 2_048;

/// Remembers shapes: an error told as a JSON object comes again and again, with another id.
#[derive(Default)]
pub struct Shapes {
    /// What a shape was made of, and the shape, at the place that its hash gives.
    places: Vec<(Vec<u8>, String)>,
    parts: Vec<u8>,
    other: String,
}

impl Shapes {
    /// The [`shape`] of a message.
    pub fn of(&mut self, message: &[u8]) -> &str {
        let Some((text, object)) = object::split(message.trim_ascii()) else {
            shape(message, &mut self.other);
            return &self.other;
        };
        if message.len() > LONGEST_REMEMBERED {
            shape(message, &mut self.other);
            return &self.other;
        }
        self.parts.clear();
        self.parts.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.parts.extend_from_slice(text);
        for value in object {
            self.parts.push(u8::from(value.is_some()));
            let value = value.unwrap_or_default();
            self.parts.extend_from_slice(&(value.len() as u32).to_le_bytes());
            self.parts.extend_from_slice(value);
        }
        let mut hasher = FxHasher::default();
        hasher.write(&self.parts);
        self.places.resize_with(PLACES, Default::default);
        let (parts, shape) = &mut self.places[hasher.finish() as usize % PLACES];
        if *parts != self.parts {
            shape.clear();
            append_both(text, &object, shape, 0);
            cut(shape);
            parts.clone_from(&self.parts);
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn remembered_or_not_a_shape_is_the_same(
            messages in prop::collection::vec(r#"(error |7 |\{"(path|message|x)": ?("a"|1|"b 7")(, ?"(path|status_code)": ?[12])?\})+"#, 1..20)
        ) {
            let mut shapes = Shapes::default();
            for message in messages.iter().chain(&messages) {
                let mut expected = String::new();
                shape(message.as_bytes(), &mut expected);
                prop_assert_eq!(shapes.of(message.as_bytes()), expected);
            }
        }
    }
}
