//! What services say, in the languages they are written in.

use crate::random::Random;
use crate::script::Problem;
use crate::service::{BUGS, COMPLAINTS as COMPLAINT_COUNT};

/// An exception: type, message, and the innermost own frame as file, line, function and code.
pub struct Exception {
    pub kind: &'static str,
    pub message: &'static str,
    pub frame: (&'static str, u32, &'static str, &'static str),
}

/// A language's words for what can go wrong.
pub struct Words {
    pub bugs: [Exception; BUGS],
    pub pool: [Exception; 4],
    pub refused: [Exception; 4],
    pub migration: &'static [&'static str],
}

impl Words {
    pub fn of(&self, problem: Problem) -> &Exception {
        match problem {
            Problem::Bug(which) => &self.bugs[which],
            Problem::Pool(which) => &self.pool[which],
            Problem::Refused(which) => &self.refused[which],
        }
    }
}

/// Loggers and texts; a `#` is a digit.
pub const CHATTER: [(&str, &str); 8] = [
    ("services.auth", "User authenticated: user##@example.com"),
    ("services.orders", "order #### created"),
    ("services.cache", "cache miss for key item:####"),
    ("services.mail", "mail queued for user ###"),
    ("routes.search", "search took ## ms, ## results"),
    ("services.billing", "invoice #### paid"),
    ("services.auth", "token refreshed for user ###"),
    ("services.quotes", "quote updated: BTCUSDT ######.##"),
];

/// Errors without an exception. The second half is of bad deployments only.
pub const COMPLAINTS: [(&str, &str); COMPLAINT_COUNT] = [
    ("services.payments", "payment provider answered 503 for order ####"),
    ("services.mail", "verification mail to user ### not sent: SMTP timeout"),
    ("services.webhooks", "webhook delivery #### failed after 3 attempts"),
    ("services.cache", "could not refresh key item:####"),
    ("routes.uploads", "upload #### rejected: checksum differs"),
    ("services.quotes", "stale quote for ETHUSDT: ## s old"),
    ("services.tax", "no tax rate for region ##"),
    ("services.search", "index products_v2 is missing, falling back to a scan (#### rows)"),
    ("services.flags", "unknown feature flag checkout_##"),
    ("services.storage", "bucket assets-v2 does not exist"),
    ("services.ledger", "balance of account #### does not add up: off by ##"),
    ("services.session", "could not decode session ####: bad signature"),
];

pub fn numbered(text: &str, random: &mut Random) -> String {
    text.chars().map(|letter| if letter == '#' { char::from(b'1' + random.below(9) as u8) } else { letter }).collect()
}

const fn exception(
    kind: &'static str,
    message: &'static str,
    frame: (&'static str, u32, &'static str, &'static str),
) -> Exception {
    Exception { kind, message, frame }
}

pub static PYTHON: Words = Words {
    bugs: [
        exception("KeyError", "'price'", ("services/pricing.py", 88, "quote", "price = row[\"price\"]")),
        exception(
            "ValueError",
            "invalid literal for int() with base 10: 'abc'",
            ("routes/search.py", 31, "page", "page = int(raw)"),
        ),
        exception(
            "httpx.ReadTimeout",
            "The read operation timed out",
            ("services/quotes.py", 140, "fetch", "response = await client.get(url)"),
        ),
        exception(
            "json.decoder.JSONDecodeError",
            "Expecting value: line 1 column 1 (char 0)",
            ("services/webhooks.py", 22, "parse", "return json.loads(body)"),
        ),
        exception("IndexError", "list index out of range", ("services/ranking.py", 57, "top", "return items[0]")),
        exception(
            "RuntimeError",
            "Event loop is closed",
            ("services/streams.py", 91, "close", "loop.call_soon(self._stop)"),
        ),
        exception(
            "AttributeError",
            "'NoneType' object has no attribute 'id'",
            ("routes/orders.py", 41, "create", "owner = user.id"),
        ),
        exception(
            "NameError",
            "name 'settings' is not defined",
            ("services/session.py", 12, "open_session", "ttl = settings.ttl"),
        ),
        exception(
            "TypeError",
            "unsupported operand type(s) for +: 'int' and 'str'",
            ("services/totals.py", 64, "add", "total = total + row.amount"),
        ),
        exception(
            "ImportError",
            "cannot import name 'Settings' from 'config' (/app/config.py)",
            ("main.py", 7, "<module>", "from config import Settings"),
        ),
        exception(
            "ModuleNotFoundError",
            "No module named 'stripe'",
            ("services/payments.py", 3, "<module>", "import stripe"),
        ),
        exception(
            "pydantic_core._pydantic_core.ValidationError",
            "1 validation error for Settings database_url Field required",
            ("config.py", 19, "load", "return Settings()"),
        ),
    ],
    pool: [
        exception(
            "sqlalchemy.exc.TimeoutError",
            "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 (Background on this error at: https://sqlalche.me/e/20/3o7r)",
            ("db.py", 33, "session", "return Session()"),
        ),
        exception(
            "psycopg_pool.PoolTimeout",
            "couldn't get a connection after 30.00 sec",
            ("db.py", 33, "session", "with pool.connection() as connection:"),
        ),
        exception(
            "sqlalchemy.exc.OperationalError",
            "(psycopg2.OperationalError) FATAL:  sorry, too many clients already",
            ("db.py", 33, "session", "return Session()"),
        ),
        exception(
            "asyncpg.exceptions.TooManyConnectionsError",
            "remaining connection slots are reserved for non-replication superuser connections",
            ("db.py", 33, "session", "connection = await pool.acquire()"),
        ),
    ],
    refused: [
        exception(
            "sqlalchemy.exc.OperationalError",
            "(psycopg2.OperationalError) connection to server at \"postgres.railway.internal\" (fd12:74c6::5), port 5432 failed: Connection refused",
            ("db.py", 33, "session", "return Session()"),
        ),
        exception(
            "redis.exceptions.ConnectionError",
            "Error 111 connecting to redis.railway.internal:6379. Connection refused.",
            ("cache.py", 18, "get", "return client.get(key)"),
        ),
        exception(
            "ConnectionRefusedError",
            "[Errno 111] Connection refused",
            ("db.py", 40, "connect", "await asyncpg.connect(url)"),
        ),
        exception(
            "psycopg.OperationalError",
            "connection failed: server closed the connection unexpectedly",
            ("db.py", 33, "session", "with pool.connection() as connection:"),
        ),
    ],
    migration: &[
        "INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.",
        "INFO  [alembic.runtime.migration] Running upgrade 4f1c2a -> 9b20de, add orders.currency",
        "Traceback (most recent call last):",
        "  File \"/app/alembic/versions/9b20de_add_currency.py\", line 19, in upgrade",
        "    op.add_column(\"orders\", sa.Column(\"currency\", sa.String(3), nullable=False))",
        "sqlalchemy.exc.IntegrityError: (psycopg2.errors.NotNullViolation) column \"currency\" of relation \"orders\" contains null values",
    ],
};

pub static NODE: Words = Words {
    bugs: [
        exception("Error", "Request failed with status code 503", ("services/payments.js", 88, "charge", "")),
        exception("SyntaxError", "Unexpected token < in JSON at position 0", ("services/webhooks.js", 22, "parse", "")),
        exception("Error", "Timeout of 5000ms exceeded", ("services/quotes.js", 140, "fetchQuote", "")),
        exception("RangeError", "Invalid time value", ("services/ranking.js", 57, "format", "")),
        exception("Error", "socket hang up", ("services/streams.js", 91, "close", "")),
        exception("ValidationError", "\"quantity\" must be a number", ("routes/cart.js", 31, "addItem", "")),
        exception(
            "TypeError",
            "Cannot read properties of undefined (reading 'id')",
            ("routes/orders.js", 41, "create", ""),
        ),
        exception("ReferenceError", "settings is not defined", ("services/session.js", 12, "openSession", "")),
        exception("TypeError", "totals.add is not a function", ("services/totals.js", 64, "add", "")),
        exception("Error", "Cannot find module './config'", ("index.js", 7, "Object.<anonymous>", "")),
        exception("Error", "Cannot find module 'stripe'", ("services/payments.js", 3, "Object.<anonymous>", "")),
        exception(
            "PrismaClientInitializationError",
            "Environment variable not found: DATABASE_URL.",
            ("db.js", 19, "connect", ""),
        ),
    ],
    pool: [
        exception(
            "KnexTimeoutError",
            "Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?",
            ("db.js", 33, "query", ""),
        ),
        exception("Error", "timeout exceeded when trying to connect", ("db.js", 33, "query", "")),
        exception("error", "sorry, too many clients already", ("db.js", 33, "query", "")),
        exception(
            "PrismaClientKnownRequestError",
            "Timed out fetching a new connection from the connection pool. (More info: http://pris.ly/d/connection-pool (Current connection pool timeout: 10, connection limit: 5))",
            ("db.js", 33, "query", ""),
        ),
    ],
    refused: [
        exception("Error", "connect ECONNREFUSED 10.184.3.12:5432", ("db.js", 33, "query", "")),
        exception("Error", "connect ECONNREFUSED fd12:74c6::5:6379", ("cache.js", 18, "get", "")),
        exception("MongoServerSelectionError", "connect ECONNREFUSED 10.184.3.12:27017", ("db.js", 33, "find", "")),
        exception("Error", "Connection terminated unexpectedly", ("db.js", 33, "query", "")),
    ],
    migration: &[
        "Prisma schema loaded from prisma/schema.prisma",
        "Error: P3018",
        "A migration failed to apply. New migrations cannot be applied before the error is recovered from.",
        "Migration name: 20250825101500_add_currency",
        "Database error: ERROR: column \"currency\" of relation \"orders\" contains null values",
    ],
};

/// A traceback of Python, as lines.
pub fn traceback(exception: &Exception, random: &mut Random) -> Vec<String> {
    let (file, line, function, code) = exception.frame;
    let mut lines = vec!["Traceback (most recent call last):".to_owned()];
    if function != "<module>" && random.one_in(2) {
        lines.push("  File \"/app/main.py\", line 52, in handle".to_owned());
        lines.push("    return call(request)".to_owned());
        lines.push("           ^^^^^^^^^^^^^".to_owned());
    }
    lines.push(format!("  File \"/app/{file}\", line {line}, in {function}"));
    lines.push(format!("    {code}"));
    lines.push(format!("{}: {}", exception.kind, exception.message));
    lines
}

/// A stack of JavaScript, as lines.
pub fn stack(exception: &Exception, prefix: &str) -> Vec<String> {
    let (file, line, function, _) = exception.frame;
    vec![
        format!("{prefix}{}: {}", exception.kind, exception.message),
        format!("    at {function} (/app/src/{file}:{line}:17)"),
        "    at Layer.handle [as handle_request] (/app/node_modules/express/lib/router/layer.js:95:5)".to_owned(),
        "    at next (/app/node_modules/express/lib/router/route.js:149:13)".to_owned(),
        "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)".to_owned(),
    ]
}
