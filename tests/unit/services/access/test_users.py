import pytest
from sqlalchemy import select

from chatbot.errors import Conflict, NotAuthenticated, NotFound, TooManyAttempts
from chatbot.services.access import users
from chatbot.services.access.keys import Scope
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, SignIn, User

PASSWORD = "correct horse battery"


@pytest.fixture
def ann(database: Database) -> str:
    with database.write() as session:
        users.create_user(session, "test", " Ann@Example.org ", Scope.ADMIN, PASSWORD)
    return "ann@example.org"


def test_an_address_is_known_in_any_case(database: Database, ann: str) -> None:
    token = users.sign_in(database, "ANN@example.ORG ", PASSWORD, "::1")
    with database.read() as session:
        caller = users.who_is_signed_in(session, token)
        assert (caller.name, caller.scope) == (ann, Scope.ADMIN)
        with pytest.raises(Conflict, match="has an account"):
            users.create_user(session, "test", "ANN@EXAMPLE.ORG", Scope.AGENT, PASSWORD)


def test_neither_password_nor_token_is_stored(database: Database, ann: str) -> None:
    token = users.sign_in(database, ann, PASSWORD, "::1")
    with database.read() as session:
        stored = session.scalars(select(User.password_hash)).one()
        assert stored.startswith("$argon2id$")
        assert PASSWORD not in stored
        assert token not in session.scalars(select(SignIn.sha256)).one()
        details = [str(event.detail) for event in session.scalars(select(AuditEvent))]
        assert not any(PASSWORD in detail or token in detail for detail in details)


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", "x" * 10_000])
def test_a_wrong_password_is_refused_and_counted(
    database: Database, ann: str, password: str
) -> None:
    for _ in range(users.MOST_FAILURES_OF_EMAIL):
        with pytest.raises(NotAuthenticated):
            users.sign_in(database, ann, password, "::1")
    with pytest.raises(TooManyAttempts, match="15 minutes"):
        users.sign_in(database, ann, PASSWORD, "::2")


def test_tokens_end(database: Database, ann: str) -> None:
    tokens = [users.sign_in(database, ann, PASSWORD, "::1") for _ in range(3)]
    assert len(set(tokens)) == 3
    with database.write() as session:
        users.sign_out(session, tokens[0])
        users.sign_out(session, tokens[0])
        assert users.who_is_signed_in(session, tokens[1]).name == ann
        users.change_password(session, "test", ann, "a new password")
    for token in (*tokens, "unknown", ""):
        with database.read() as session, pytest.raises(NotAuthenticated):
            users.who_is_signed_in(session, token)


def test_a_disabled_person_is_out_until_enabled(database: Database, ann: str) -> None:
    with database.write() as session:
        users.create_user(session, "test", "bob@example.org", Scope.ADMIN, PASSWORD)
    token = users.sign_in(database, ann, PASSWORD, "::1")
    with database.write() as session:
        users.disable_user(session, "test", ann)
        with pytest.raises(NotAuthenticated):
            users.who_is_signed_in(session, token)
        with pytest.raises(Conflict, match="only admin"):
            users.disable_user(session, "test", "bob@example.org")
    with pytest.raises(NotAuthenticated):
        users.sign_in(database, ann, PASSWORD, "::1")
    with database.write() as session:
        users.enable_user(session, "test", ann)
    assert users.sign_in(database, ann, PASSWORD, "::1")


@pytest.mark.parametrize("email", ["", "ann", "@x", "ann@", "a b@c", "x" * 300 + "@y", "a\x00@b"])
def test_an_impossible_address_is_refused(database: Database, email: str) -> None:
    with database.write() as session, pytest.raises(Conflict, match="not an e-mail address"):
        users.create_user(session, "test", email, Scope.AGENT, PASSWORD)


def test_nobody_has_the_role_of_a_widget(database: Database) -> None:
    with database.write() as session, pytest.raises(Conflict, match="role"):
        users.create_user(session, "test", "ann@example.org", Scope.ASK, PASSWORD)


def test_who_has_no_account_cannot_be_changed(database: Database) -> None:
    with database.write() as session:
        for change in (users.disable_user, users.enable_user):
            with pytest.raises(NotFound):
                change(session, "test", "nobody@example.org")
