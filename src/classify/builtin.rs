//! The packs that ship inside the binary.

/// (name, text) of every built-in pack.
pub const PACKS: &[(&str, &str)] = &[
    ("app", include_str!("../../patterns/app.toml")),
    ("auth", include_str!("../../patterns/auth.toml")),
    ("brokers", include_str!("../../patterns/brokers.toml")),
    ("http", include_str!("../../patterns/http.toml")),
    ("javascript", include_str!("../../patterns/javascript.toml")),
    ("lifecycle", include_str!("../../patterns/lifecycle.toml")),
    ("migrations", include_str!("../../patterns/migrations.toml")),
    ("mongodb", include_str!("../../patterns/mongodb.toml")),
    ("mysql", include_str!("../../patterns/mysql.toml")),
    ("network", include_str!("../../patterns/network.toml")),
    ("pools", include_str!("../../patterns/pools.toml")),
    ("postgres", include_str!("../../patterns/postgres.toml")),
    ("process", include_str!("../../patterns/process.toml")),
    ("python", include_str!("../../patterns/python.toml")),
    ("railway", include_str!("../../patterns/railway.toml")),
    ("redis", include_str!("../../patterns/redis.toml")),
    ("smart-scalper", include_str!("../../patterns/smart-scalper.toml")),
    ("sqlalchemy", include_str!("../../patterns/sqlalchemy.toml")),
];
