//! Tracebacks for the tests.

pub(super) const CHAINED: &str = "\
ERROR:jobs.sync:❌ Traceback: Traceback (most recent call last):
  File \"/app/jobs/sync.py\", line 14, in pull
    return rows[key]
           ~~~~^^^^^
KeyError: 'balance'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/app/jobs/sync.py\", line 16, in pull
    raise SyncError(key)
  File \"/usr/lib/python3.12/site-packages/retry/api.py\", line 90, in call
    return f()
  [Previous line repeated 3 more times]
jobs.errors.SyncError: balance: not there";

pub(super) const GROUP: &str = "\
  + Exception Group Traceback (most recent call last):
  |   File \"/app/main.py\", line 9, in run
  |     async with TaskGroup() as tasks:
  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Exception Group Traceback (most recent call last):
    |   File \"/app/feed.py\", line 3, in a
    | ExceptionGroup: inner (1 sub-exception)
    +-+---------------- 1 ----------------
      | Traceback (most recent call last):
      |   File \"/app/feed.py\", line 5, in b
      | asyncio.exceptions.TimeoutError: slow
      +------------------------------------
    +---------------- 2 ----------------
    | ValueError: two
    +------------------------------------";

pub(super) const SQL: &str = "\
Traceback (most recent call last):
  File \"/app/db.py\", line 3, in save
    session.commit()
sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key value
DETAIL:  Key (name)=(x) already exists.

[SQL: INSERT INTO bots (name)
VALUES (%(name)s)

RETURNING bots.id]
[parameters: {'name': 'x'}]
(Background on this error at: https://sqlalche.me/e/20/gkpj)";

pub(super) const PYDANTIC: &str = "\
Traceback (most recent call last):
  File \"/app/models.py\", line 30, in load
    return Bot(**row)
pydantic_core._pydantic_core.ValidationError: 2 validation errors for Bot
legs.0.size
  Field required [type=missing, input_value={}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.8/v/missing
symbol
  Field required [type=missing, input_value={}, input_type=dict]";
