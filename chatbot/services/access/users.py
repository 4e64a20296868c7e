"""People who sign in to the console: accounts, passwords, and where they are signed in."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from chatbot.errors import Conflict, NotAuthenticated, NotFound, TooManyAttempts
from chatbot.services.access import audit
from chatbot.services.access.keys import Caller, Scope
from chatbot.storage.database import Database, now
from chatbot.storage.tables import FailedSignIn, SignIn, User

if TYPE_CHECKING:
    from argon2 import PasswordHasher

ROLES = (Scope.AGENT, Scope.EDITOR, Scope.ADMIN)
LEAST_PASSWORD_CHARS = 10
MOST_PASSWORD_CHARS = 200
SIGNED_IN_FOR = timedelta(hours=12)
FAILURES_COUNT_FOR = timedelta(minutes=15)
MOST_FAILURES_OF_ADDRESS = 30
MOST_FAILURES_OF_EMAIL = 10
_UNKNOWN = "This e-mail address and password do not belong together."


def create_user(session: Session, by: str, email: str, role: Scope, password: str) -> User:
    """Create an account. Raises Conflict for a taken or impossible address, an unfit password or
    role.
    """
    email = _email(email)
    if role not in ROLES:
        raise Conflict(f"A person's role is one of {', '.join(ROLES)}.")
    if session.scalar(select(User.id).where(User.email == email)) is not None:
        raise Conflict(f"{email} has an account already.")
    user = User(email=email, role=role, password_hash=_hash(password))
    session.add(user)
    session.flush()
    audit.record(session, by, "user.create", email, role=role)
    return user


def change_password(session: Session, by: str, email: str, password: str) -> None:
    """Set a new password and sign the person out everywhere.

    Raises NotFound, Conflict for an unfit password.
    """
    user = get_user(session, email)
    user.password_hash = _hash(password)
    _sign_out_everywhere(session, user)
    audit.record(session, by, "user.password", user.email)


def change_role(session: Session, by: str, email: str, role: Scope) -> None:
    """Change a person's role from their next request on.

    Raises NotFound, Conflict for the last admin.
    """
    user = get_user(session, email)
    if role is not Scope.ADMIN:
        _keep_an_admin(session, user)
    user.role = role
    audit.record(session, by, "user.role", user.email, role=role)


def disable_user(session: Session, by: str, email: str) -> None:
    """Disable an account; its name stays in the audit trail.

    Raises NotFound, Conflict for the last admin.
    """
    user = get_user(session, email)
    _keep_an_admin(session, user)
    user.disabled_at = user.disabled_at or now()
    _sign_out_everywhere(session, user)
    audit.record(session, by, "user.disable", user.email)


def enable_user(session: Session, by: str, email: str) -> None:
    """Enable an account again. Raises NotFound."""
    user = get_user(session, email)
    user.disabled_at = None
    audit.record(session, by, "user.enable", user.email)


def list_users(session: Session) -> Sequence[User]:
    return session.scalars(select(User).order_by(User.email)).all()


def get_user(session: Session, email: str) -> User:
    """Return the account of an e-mail address. Raises NotFound."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound(f"{email} has no account.")
    return user


def sign_in(database: Database, email: str, password: str, address: str) -> str:
    """Return a new token for a browser's cookie.

    Raises NotAuthenticated, the same for a wrong password as for an unknown address, and
    TooManyAttempts for more failures from one account or one network than people make.
    """
    email = email.strip().lower()[:200]
    with database.read() as session:
        _refuse_after_many_failures(session, email, address)
        user = session.scalar(select(User).where(User.email == email, User.disabled_at.is_(None)))
    if not _is_right(user, password) or user is None:
        with database.write() as session:
            session.add(FailedSignIn(email=email, address=address))
        raise NotAuthenticated(_UNKNOWN)
    token = secrets.token_urlsafe(32)
    with database.write() as session:
        session.add(
            SignIn(sha256=_sha256(token), user_id=user.id, expires_at=now() + SIGNED_IN_FOR)
        )
        audit.record(session, email, "user.sign_in", email)
    return token


def who_is_signed_in(session: Session, token: str) -> Caller:
    """Return the caller who signed in with `token`.

    Raises NotAuthenticated for an unknown or expired token and for a disabled account.
    """
    found = session.get(SignIn, _sha256(token))
    if found is None or found.expires_at <= now() or found.user.disabled_at is not None:
        raise NotAuthenticated("Sign in to go on.")
    return Caller(found.user.email, Scope(found.user.role))


def sign_out(session: Session, token: str) -> None:
    """Make the token worthless from now on; signing out again changes nothing."""
    session.execute(delete(SignIn).where(SignIn.sha256 == _sha256(token)))


def _is_right(user: User | None, password: str) -> bool:
    """An unknown address takes as long as a wrong password, so that time tells nobody apart."""
    from argon2.exceptions import VerificationError

    try:
        _hasher().verify(user.password_hash if user else _nobody(), password[:MOST_PASSWORD_CHARS])
    except VerificationError:
        return False
    return True


def _refuse_after_many_failures(session: Session, email: str, address: str) -> None:
    recent = select(func.count()).where(FailedSignIn.at > now() - FAILURES_COUNT_FOR)
    of_email = session.scalar(recent.where(FailedSignIn.email == email)) or 0
    of_address = session.scalar(recent.where(FailedSignIn.address == address)) or 0
    if of_email >= MOST_FAILURES_OF_EMAIL or of_address >= MOST_FAILURES_OF_ADDRESS:
        minutes = int(FAILURES_COUNT_FOR.total_seconds() // 60)
        raise TooManyAttempts(f"Too many failed attempts. Try again in {minutes} minutes.")


def _sign_out_everywhere(session: Session, user: User) -> None:
    session.execute(delete(SignIn).where(SignIn.user_id == user.id))


def _keep_an_admin(session: Session, user: User) -> None:
    others = select(User.id).where(
        User.role == Scope.ADMIN, User.disabled_at.is_(None), User.id != user.id
    )
    if user.role == Scope.ADMIN and session.scalar(others.limit(1)) is None:
        raise Conflict(f"{user.email} is the only admin. Make another one first.")


def _email(text: str) -> str:
    email = text.strip().lower()
    name, at, host = email.rpartition("@")
    if not (name and at and host) or len(email) > 200 or not email.isprintable() or " " in email:
        raise Conflict(f"“{text[:200]}” is not an e-mail address.")
    return email


def _hash(password: str) -> str:
    if not LEAST_PASSWORD_CHARS <= len(password) <= MOST_PASSWORD_CHARS:
        raise Conflict(
            f"A password has {LEAST_PASSWORD_CHARS} to {MOST_PASSWORD_CHARS} characters."
        )
    return _hasher().hash(password)


@cache
def _hasher() -> "PasswordHasher":
    """argon2id with the least memory that OWASP's cheat sheet on passwords accepts, 19 MiB."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(32))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
