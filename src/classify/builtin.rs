//! The packs that ship inside the binary.

/// (name, text) of every built-in pack.
pub const PACKS: [(&str, &str); 11] = [
    ("app", include_str!("../../patterns/app.toml")),
    ("auth", include_str!("../../patterns/auth.toml")),
    ("http", include_str!("../../patterns/http.toml")),
    ("javascript", include_str!("../../patterns/javascript.toml")),
    ("lifecycle", include_str!("../../patterns/lifecycle.toml")),
    ("postgres", include_str!("../../patterns/postgres.toml")),
    ("process", include_str!("../../patterns/process.toml")),
    ("python", include_str!("../../patterns/python.toml")),
    ("railway", include_str!("../../patterns/railway.toml")),
    ("smart-scalper", include_str!("../../patterns/smart-scalper.toml")),
    ("sqlalchemy", include_str!("../../patterns/sqlalchemy.toml")),
];
