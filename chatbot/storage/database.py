"""The database: engine, transactions, column types and names that every table shares."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import (
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    TypeDecorator,
    Update,
    create_engine,
    event,
    insert,
    make_url,
    text,
)
from sqlalchemy import Table as CoreTable
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from chatbot.errors import Conflict, ServiceUnavailable

_LOCK_SECONDS = 10
_LOCK_POLL_SECONDS = 0.001
_CONSTRAINT_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
_MOST_PARAMETERS = 500

T = TypeVar("T")


class Table(DeclarativeBase):
    """The base of every ORM class; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(naming_convention=_CONSTRAINT_NAMES)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, also on SQLite, which keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


class Database:
    """An engine and its transactions. `read` and `write` are the only ways to a session."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engine = _create_engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that sees one consistent state; changes, if any, are rolled back."""
        with _named_failures(), self._sessions() as session:
            if self.is_sqlite:
                session.connection().exec_driver_sql("BEGIN")
            else:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session in one transaction: committed at the end, rolled back if the block
        raises.

        On SQLite it takes the write lock at once: a read that later upgrades to a write ignores
        the busy timeout and fails with "database is locked".
        """
        with _named_failures(), self._sessions() as session, session.begin():
            if self.is_sqlite:
                _begin_write(session.connection())
            yield session

    def append(self, table: type[Table], rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows in one transaction, without the cost of ORM objects. Raises as `write` does.

        All rows have the same columns, and every one without a default.
        """
        statement = insert(cast("CoreTable", table.__table__))
        with _named_failures(), self.engine.connect() as connection:
            if self.is_sqlite:
                _begin_write(connection)
            connection.execute(statement, list(rows))
            connection.commit()

    def clock(self, session: Session) -> datetime:
        """Return the database's time, so that hosts with wrong clocks agree on leases."""
        if self.is_sqlite:
            stamp = session.scalar(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"))
            return datetime.fromisoformat(str(stamp)).replace(tzinfo=UTC)
        moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def close(self) -> None:
        self.engine.dispose()


def batched(values: Iterable[T]) -> Iterator[list[T]]:
    """Split items into lists short enough for `IN (…)`: databases limit the parameters of a
    statement.
    """
    rest = iter(values)
    while some := list(islice(rest, _MOST_PARAMETERS)):
        yield some


def changes_a_row(session: Session, statement: Update) -> bool:
    """Execute a compare-and-set, and return whether its condition held for a row."""
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount == 1


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("Someone else changed this at the same moment. Try again.") from error
    except (OperationalError, InterfaceError) as error:
        raise ServiceUnavailable("The database does not answer. Try again.") from error
    except PoolTimeout as error:
        raise ServiceUnavailable(
            "All connections to the database are in use. Try again."
        ) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise ServiceUnavailable("The connection to the database was lost.") from error
        raise


def _create_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed,
            pool_size=5,
            max_overflow=10,
            pool_timeout=5,
            pool_recycle=300,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": _LOCK_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _begin_write(connection: Connection) -> None:
    """Take SQLite's write lock. It would look for it ever more seldom itself, 0.1 s apart."""
    deadline = time.monotonic() + _LOCK_SECONDS
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except OperationalError as error:
                if "locked" not in str(error.orig) or time.monotonic() > deadline:
                    raise
                time.sleep(_LOCK_POLL_SECONDS)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_LOCK_SECONDS * 1000}")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL so that readers never wait; FULL so that an acknowledged row survives a power cut."""
    # SQLite's own knows only ASCII, which would tell “Ä” from “ä”.
    connection.create_function("lower", 1, lambda t: t and t.lower(), deterministic=True)
    connection.isolation_level = None  # pysqlite must not emit its own BEGIN; `write` does
    waits = f"busy_timeout={_LOCK_SECONDS * 1000}"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", waits):
        connection.execute(f"PRAGMA {pragma}")
