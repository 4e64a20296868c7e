"""API keys: made once, shown once, stored hashed, revocable."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.errors import Conflict, NotAuthenticated, NotAuthorised, NotFound
from chatbot.services.access import audit
from chatbot.storage.database import Database, now
from chatbot.storage.tables import ApiKey

_PREFIX = "cb"
_DEAD = "This API key is unknown, expired or revoked."
MAX_NAME_CHARS = 80  # with its id it must fit where the audit trail names an actor


class Scope(StrEnum):
    """What a key may do; each scope includes those before it."""

    ASK = "ask"
    AGENT = "agent"
    EDITOR = "editor"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True)
class Caller:
    """The maker of a request, as the audit trail names them."""

    name: str
    scope: Scope


def create_key(
    session: Session, by: str, name: str, scope: Scope, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Create a key, and return its row and the key itself, which cannot be shown again.

    Raises Conflict for a long name.
    """
    if not 0 < len(name) <= MAX_NAME_CHARS:
        raise Conflict(f"A key's name has 1 to {MAX_NAME_CHARS} characters.")
    key_id = secrets.token_hex(4)
    secret = f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
    row = ApiKey(id=key_id, name=name, scope=scope, sha256=_hash(secret), expires_at=expires_at)
    session.add(row)
    audit.record(session, by, "key.create", key_id, name=name, scope=scope)
    return row, secret


def revoke_key(session: Session, by: str, key_id: str) -> ApiKey:
    """Revoke a key: it is refused from now on, everywhere. Raises NotFound; revoking again changes
    nothing.
    """
    row = session.get(ApiKey, key_id)
    if row is None:
        raise NotFound(f"There is no key {key_id}.")
    if row.revoked_at is None:
        row.revoked_at = now()
        audit.record(session, by, "key.revoke", key_id, name=row.name)
    return row


def list_keys(session: Session) -> Sequence[ApiKey]:
    return session.scalars(select(ApiKey).order_by(ApiKey.created_at)).all()


class KeyRing:
    """A checker of keys, which trusts a good one for `trust_seconds` without asking the database.

    So a key that another process revokes is refused here at most that much later. The clock of
    the process decides when one expires.
    """

    def __init__(self, database: Database, trust_seconds: float = 2.0) -> None:
        self._database = database
        self._trust_seconds = trust_seconds
        self._good: dict[str, tuple[Caller, datetime | None, float]] = {}

    def authenticate(self, secret: str | None, needed: Scope) -> Caller:
        """Return the caller whose key `secret` is, if it includes the scope `needed`.

        Raises NotAuthenticated for a missing or dead key, NotAuthorised for too small a scope.

        A plain hash is enough for 256 random bits, and looking it up by the hash leaks no timing.
        """
        if not secret:
            raise NotAuthenticated("Send an API key: “Authorization: Bearer cb_…”.")
        sha256 = _hash(secret)
        caller, expires_at, trusted_until = self._good.get(sha256) or self._look_up(sha256)
        if trusted_until < time.monotonic():
            caller, expires_at, _ = self._look_up(sha256)
        if expires_at and expires_at <= now():
            raise NotAuthenticated(_DEAD)
        if not caller.scope.includes(needed):
            raise NotAuthorised(
                f"This needs a key with scope “{needed}”; yours has “{caller.scope}”."
            )
        return caller

    def forget(self) -> None:
        """Ask the database again: a key was revoked."""
        self._good.clear()

    def _look_up(self, sha256: str) -> tuple[Caller, datetime | None, float]:
        self._good.pop(sha256, None)
        asked_at = time.monotonic()
        with self._database.read() as session:
            row = session.scalar(select(ApiKey).where(ApiKey.sha256 == sha256))
        if row is None or row.revoked_at is not None:
            raise NotAuthenticated(_DEAD)
        caller = Caller(f"{row.name} ({row.id})", Scope(row.scope))
        found = (caller, row.expires_at, asked_at + self._trust_seconds)
        self._good[sha256] = found
        return found


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
