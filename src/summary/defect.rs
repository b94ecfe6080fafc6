//! Programming errors: what no other system's failure explains, and what so often explains the failures of others.

/// Types of exceptions that tell of the program itself.
const TYPES: [&str; 12] = [
    "NameError",
    "UnboundLocalError",
    "AttributeError",
    "TypeError",
    "ReferenceError",
    "ImportError",
    "ModuleNotFoundError",
    "SyntaxError",
    "IndentationError",
    "NotImplementedError",
    "NullPointerException",
    "NoMethodError",
];

/// What such errors say where a line does not name their type.
const WORDS: [&str; 9] = [
    "is not defined",
    "has no attribute",
    "object is not subscriptable",
    "object is not callable",
    "is not a function",
    "Cannot read propert",
    "Cannot find module",
    "No module named",
    "nil pointer dereference",
];

/// Whether a line or the type and message of an exception tell of a programming error.
pub fn is_defect(text: &str) -> bool {
    TYPES.iter().chain(&WORDS).any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programming_error_is_told_from_what_it_causes() {
        for text in [
            "Error in security middleware: name 'session' is not defined",
            "AttributeError: 'Analysis' object has no attribute 'risk'",
            "TypeError: Cannot read properties of undefined (reading 'id')",
            "panic: runtime error: invalid memory address or nil pointer dereference",
        ] {
            assert!(is_defect(text), "{text}");
        }
        for text in ["exchange not found", "QueuePool limit of size 5 reached", "connect ECONNREFUSED 10.0.0.3:5432"] {
            assert!(!is_defect(text), "{text}");
        }
    }
}
