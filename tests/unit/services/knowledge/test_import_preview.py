import csv
import io
import json
from typing import Any

import pytest

from chatbot.formats.draft import CatalogueDraft, FileClash, IntentDraft, LeftOut
from chatbot.services.knowledge.clashes import Clashes
from chatbot.services.knowledge.import_preview import MOST_SHOWN, describe_import, write_left_out
from chatbot.services.knowledge.plan_import import Mode, Wanted, plan_import
from chatbot.storage.database import Database
from factories import add_confirmed, add_intent

FILE = CatalogueDraft(
    {
        "wifi": IntentDraft("wifi", "Wi-Fi", "", "Ask.", utterances=["no wifi", "VPN down"]),
        "vpn": IntentDraft("vpn", "Answer of vpn", answer="Answer of vpn", utterances=["VPN off"]),
        "bike": IntentDraft("bike", "Bike", utterances=["rent a bike"]),
    },
    format="csv",
    left_out=[LeftOut("too long", f"text {n}", "f.csv", n) for n in range(5)],
)


@pytest.fixture
def faq(database: Database) -> Database:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off")
        add_intent(session, "invoice", "my bill")
    return database


def describe(
    database: Database, draft: CatalogueDraft, wanted: Wanted, **more: Any
) -> dict[str, Any]:
    """As it is read back from the database."""
    with database.read() as session:
        done = plan_import(session, draft, wanted).done
        found = describe_import(session, draft, done, wanted, **more)
    described: dict[str, Any] = json.loads(json.dumps(found))
    return described


def test_counts_come_first_and_say_what_is_new_and_what_is_equal(faq: Database) -> None:
    found = describe(faq, FILE, Wanted(clashes=Clashes.KEEP))
    assert found["summary"]["intents"] == 3
    assert found["counts"]["intents_added"] == 2
    assert found["equal"] in (0, 1)
    assert [row[:2] for row in found["added"]] == [["wifi", "Wi-Fi"], ["bike", "Bike"]]
    assert found["unanswered"] == [["bike", "Bike"]]
    assert found["left_out"] == [
        {"reason": "too long", "count": 5, "examples": ["text 0", "text 1", "text 2"]}
    ]


def test_each_clash_says_whose_it_is_and_what_is_proposed(faq: Database) -> None:
    decided = {"vpn down": Clashes.DROP}
    [clash] = describe(faq, FILE, Wanted(clashes=Clashes.PROPOSED, decided=decided))["taken"]
    assert (clash["owner"], clash["wanted"], clash["proposal"]) == ("vpn", "wifi", "move")
    assert clash["decision"] == "drop"


def test_intents_that_lose_all_their_utterances_are_named(faq: Database) -> None:
    all_of_it = CatalogueDraft(
        {"net": IntentDraft("net", "Net", answer="A.", utterances=["VPN down", "VPN off"])}
    )
    moved = describe(faq, all_of_it, Wanted(clashes=Clashes.MOVE))
    assert [name for name, _ in moved["emptied"]] == ["vpn"]
    assert describe(faq, all_of_it, Wanted(clashes=Clashes.KEEP))["emptied"] == []
    assert describe(faq, FILE, Wanted(clashes=Clashes.MOVE))["emptied"] == []


def test_what_stands_twice_names_its_intents_and_who_got_it(faq: Database) -> None:
    twice = [FileClash("my bill", ("bike", "wifi"), "f.csv", 3)]
    more: dict[str, Any] = {"twice": twice, "given": {"my bill": "bike"}}
    [shown] = describe(faq, FILE, Wanted(clashes=Clashes.KEEP), **more)["twice"]
    assert shown["intents"] == [["bike", "Bike"], ["wifi", "Wi-Fi"]]
    assert (shown["owner"], shown["given"]) == ("invoice", "bike")


def test_verdicts_that_would_be_lost_are_counted(faq: Database) -> None:
    with faq.write() as session:
        add_confirmed(session, "the bill is wrong", "invoice")
    assert describe(faq, FILE, Wanted(Mode.REPLACE))["verdicts"] == 1
    assert describe(faq, FILE, Wanted(clashes=Clashes.KEEP))["verdicts"] == 0


def test_lists_are_cut_and_counts_are_not(faq: Database) -> None:
    many = {f"i-{n}": IntentDraft(f"i-{n}", f"I {n}") for n in range(MOST_SHOWN + 20)}
    found = describe(faq, CatalogueDraft(many), Wanted())
    assert len(found["added"]) == len(found["unanswered"]) == MOST_SHOWN
    assert found["counts"]["intents_added"] == found["unanswered_count"] == MOST_SHOWN + 20


def test_rows_that_are_left_out_become_csv_that_no_spreadsheet_runs() -> None:
    written = write_left_out([LeftOut("why", "=1+1", "f.csv", 0), LeftOut("why", "ä\n", "f", 7)])
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"))))
    assert rows[1:] == [["why", "'=1+1", "f.csv", ""], ["why", "ä\n", "f", "7"]]
