"""Bots of Chatwoot accounts as rows: their paths, their signatures, where replies go."""

import hashlib
import hmac

import pytest

from chatbot.errors import AddressRefused, Conflict, NotAuthenticated, NotFound
from chatbot.services.delivery import chatwoot
from chatbot.services.delivery.chatwoot import OPEN, SAY
from chatbot.storage.database import Database, now
from chatbot.storage.tables import ChatwootBot, Delivery

SECRET, BODY = "chatwoot-signs-with-this", b'{"event": "message_created"}'


def connect(
    database: Database, url: str = "http://127.0.0.1/", token: str = "bot-token"
) -> tuple[int, str]:
    """Its id, and the secret of its path."""
    with database.write() as session:
        bot, path = chatwoot.create_bot(
            session, "ann", "website", url, 3, token, private_networks=True
        )
        return bot.id, path


def sign(timestamp: str, body: bytes = BODY) -> str:
    """After Chatwoot's documentation, not after our code."""
    content = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()


def test_a_bot_is_found_by_its_path_of_which_only_a_hash_is_kept(database: Database) -> None:
    (one, path), (other, another) = connect(database), connect(database)
    with database.read() as session:
        assert chatwoot.find_bot(session, path).id == one
        assert chatwoot.find_bot(session, another).id == other
        assert path not in str(vars(session.get_one(ChatwootBot, one)))
        with pytest.raises(NotFound):
            chatwoot.find_bot(session, path.swapcase())


def test_a_path_that_was_taken_back_is_not_found(database: Database) -> None:
    bot_id, path = connect(database)
    with database.write() as session:
        chatwoot.delete_bot(session, "ann", bot_id)
        with pytest.raises(NotFound):
            chatwoot.find_bot(session, path)
        with pytest.raises(NotFound):
            chatwoot.delete_bot(session, "ann", bot_id)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"url": "http://127.0.0.1/app?x=1"}, Conflict),
        ({"url": "ftp://127.0.0.1/"}, AddressRefused),
        ({"token": "a token\n"}, Conflict),
        ({"token": "schlüssel"}, Conflict),
    ],
)
def test_what_no_chatwoot_has_is_refused(
    database: Database, wrong: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        connect(database, **wrong)
    with database.read() as session:
        assert chatwoot.list_bots(session) == []


def test_a_reply_goes_to_its_conversation_a_hand_over_to_its_status() -> None:
    bot = ChatwootBot(url="https://chat.example/help", account_id=3)
    calls = [chatwoot.make_url(bot, Delivery(kind=kind, conversation=8)) for kind in (SAY, OPEN)]
    start = "https://chat.example/help/api/v1/accounts/3/conversations/8"
    assert calls == [f"{start}/messages", f"{start}/toggle_status"]


class TestASignature:
    bot = ChatwootBot(signing_secret=SECRET)

    def test_is_asked_of_those_alone_whose_chatwoot_signs(self) -> None:
        chatwoot.check_signature(ChatwootBot(signing_secret=None), "", "", BODY)
        with pytest.raises(NotAuthenticated):
            chatwoot.check_signature(self.bot, "", "", BODY)

    def test_of_now_is_good_for_its_body_alone(self) -> None:
        moment = str(int(now().timestamp()))
        chatwoot.check_signature(self.bot, moment, sign(moment), BODY)
        with pytest.raises(NotAuthenticated, match="does not fit"):
            chatwoot.check_signature(self.bot, moment, sign(moment), BODY + b" ")

    @pytest.mark.parametrize("seconds", [-3600, 3600])
    def test_of_another_hour_is_refused(self, seconds: int) -> None:
        moment = str(int(now().timestamp()) + seconds)
        with pytest.raises(NotAuthenticated, match="five minutes"):
            chatwoot.check_signature(self.bot, moment, sign(moment), BODY)

    @pytest.mark.parametrize("timestamp", ["", "soon", "-5", "1e9"])
    def test_of_no_time_is_refused(self, timestamp: str) -> None:
        with pytest.raises(NotAuthenticated, match="Timestamp"):
            chatwoot.check_signature(self.bot, timestamp, sign(timestamp), BODY)
