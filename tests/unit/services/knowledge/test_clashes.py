import pytest

from chatbot.formats.draft import CatalogueDraft, FileClash, IntentDraft, LeftOut
from chatbot.formats.gathering import IN_TWO_INTENTS
from chatbot.services.knowledge.clashes import Clashes, Taken, find_owners, propose, settle
from chatbot.storage.database import Database
from factories import add_intent

TWICE = CatalogueDraft(
    {
        "vpn": IntentDraft("vpn", "VPN", utterances=["VPN down"]),
        "wifi": IntentDraft("wifi", "Wi-Fi", utterances=["no wifi"]),
    },
    clashes=[FileClash("No Net", ("vpn", "wifi"), "f.json")],
    left_out=[
        LeftOut(IN_TWO_INTENTS, "No Net", "f.json", 3),
        LeftOut(IN_TWO_INTENTS, "no net", "f.json", 9),
        LeftOut("too long", "no net", "f.json", 11),
    ],
)


@pytest.mark.parametrize(
    ("only_adds", "wanted_is_enabled", "owner_is_enabled", "proposal"),
    [
        (False, True, True, Clashes.MOVE),
        (False, True, False, Clashes.MOVE),
        (False, False, False, Clashes.MOVE),
        (False, False, True, Clashes.KEEP),
        (True, True, True, Clashes.KEEP),
        (True, True, False, Clashes.KEEP),
    ],
)
def test_each_clash_has_a_proposal_and_a_reason(
    only_adds: bool, wanted_is_enabled: bool, owner_is_enabled: bool, proposal: Clashes
) -> None:
    proposed, why = propose(only_adds, wanted_is_enabled, owner_is_enabled)
    assert proposed is proposal
    assert why.endswith(".")


def test_a_clash_of_the_file_is_given_to_one_of_its_intents() -> None:
    settled = settle(TWICE, {"no  NET": "wifi"})
    assert settled.intents["wifi"].utterances == ["no wifi", "No Net"]
    assert settled.intents["vpn"].utterances == ["VPN down"]
    assert settled.clashes == []
    assert [row.reason for row in settled.left_out] == ["too long"]
    assert TWICE.intents["wifi"].utterances == ["no wifi"]


@pytest.mark.parametrize("given", [{}, {"no net": "invoice"}, {"other": "wifi"}])
def test_what_is_no_clash_of_the_file_settles_nothing(given: dict[str, str]) -> None:
    assert settle(TWICE, given) == TWICE


def test_owners_are_found_by_normalised_text(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off")
        assert find_owners(session, ["vpn down", "no wifi"]) == {"vpn down": "vpn"}


def test_a_refused_clash_says_where_it_stands_and_whose_it_is() -> None:
    mistake = Taken("VPN down", "vpn", "wifi", "faq.csv", 7).as_mistake()
    assert (mistake.file, mistake.line) == ("faq.csv", 7)
    assert "“vpn”" in mistake.reason
