//! The packs that ship inside the binary.

/// (name, text) of every built-in pack.
pub const PACKS: [(&str, &str); 19] = [
    ("app", include_str!("../../patterns/app.toml")),
    ("auth", include_str!("../../patterns/auth.toml")),
    ("dotnet", include_str!("../../patterns/dotnet.toml")),
    ("elixir", include_str!("../../patterns/elixir.toml")),
    ("go", include_str!("../../patterns/go.toml")),
    ("http", include_str!("../../patterns/http.toml")),
    ("java", include_str!("../../patterns/java.toml")),
    ("javascript", include_str!("../../patterns/javascript.toml")),
    ("lifecycle", include_str!("../../patterns/lifecycle.toml")),
    ("php", include_str!("../../patterns/php.toml")),
    ("postgres", include_str!("../../patterns/postgres.toml")),
    ("prisma", include_str!("../../patterns/prisma.toml")),
    ("process", include_str!("../../patterns/process.toml")),
    ("python", include_str!("../../patterns/python.toml")),
    ("railway", include_str!("../../patterns/railway.toml")),
    ("ruby", include_str!("../../patterns/ruby.toml")),
    ("rust", include_str!("../../patterns/rust.toml")),
    ("smart-scalper", include_str!("../../patterns/smart-scalper.toml")),
    ("sqlalchemy", include_str!("../../patterns/sqlalchemy.toml")),
];
