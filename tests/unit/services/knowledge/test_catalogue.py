from chatbot.domain.holdout import Purpose
from chatbot.domain.quarantine import Standing
from chatbot.domain.text import key
from chatbot.matching.catalogue import Entry, IntentCard
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.catalogue import (
    read_catalogue,
    read_catalogue_to_judge,
    read_catalogue_to_train,
    read_target,
)
from chatbot.services.knowledge.pins import add_pin
from chatbot.services.releases import release
from chatbot.storage.database import Database
from factories import add_confirmed, add_evaluation, add_intent, add_live_version, add_version


def test_the_target_names_the_live_version_and_the_knowledge_of_now(database: Database) -> None:
    with database.write() as session:
        add_version(session)
        live = add_live_version(session)
        add_intent(session, "vpn")
        target = read_target(session)
        assert target is not None
        assert (target.version, target.digest, target.generation) == (live.id, live.digest, 1)
        assert target.revision == edit_faq.current_revision(session) == 1


def test_a_catalogue_holds_enabled_intents_in_the_order_of_their_utterances(
    database: Database,
) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off")
        add_intent(session, "retired", "fax", enabled=False)
        add_intent(session, "empty")
        catalogue = read_catalogue(session)
        assert catalogue.entries == (Entry("VPN down", "vpn"), Entry("VPN off", "vpn"))
        assert catalogue.intents == {
            "vpn": IntentCard("Title of vpn", "Answer of vpn"),
            "empty": IntentCard("Title of empty", "Answer of empty"),
        }
        assert catalogue.revision == edit_faq.current_revision(session)


def test_what_agents_confirmed_is_known_without_a_training(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
        add_intent(session, "retired", enabled=False)
        add_confirmed(session, "tunnel broken", "vpn")
        add_confirmed(session, "vpn DOWN", "retired")
        add_confirmed(session, "fax broken", "retired")
        add_confirmed(session, "pizza", None)
        catalogue = read_catalogue(session)
        assert catalogue.entries == (
            Entry("VPN down", "vpn"),
            Entry("tunnel broken", "vpn", confirmed=True),
            Entry("pizza", None, confirmed=True),
        )
        assert catalogue.obeyed == {}
        learns = [("tunnel broken", "vpn"), ("vpn DOWN", "vpn")]
        to_train = [entry.text for entry in read_catalogue_to_train(session, learns).entries]
        assert to_train == ["VPN down", "tunnel broken"]


def test_what_waits_is_obeyed_and_does_not_vote(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
        add_confirmed(session, "second", "vpn", standing=Standing.SECOND)
        add_confirmed(session, "turn", None, standing=Standing.TURN)
        add_confirmed(session, "apart", "vpn", standing=Standing.APART)
        catalogue = read_catalogue(session)
    assert catalogue.entries == (Entry("VPN down", "vpn"),)
    obeyed = {"second": "vpn", "turn": None}
    assert catalogue.obeyed == {
        key(text): Entry(text, said, confirmed=True) for text, said in obeyed.items()
    }


def test_what_measures_votes_for_visitors_and_is_hidden_from_the_judge(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "authored and measured")
        for text in ("authored and measured", "measured by its author"):
            add_evaluation(session, text, "vpn")
        add_pin(session, "ann", "pinned", "vpn")
        for text in ("Measured by its author", "Pinned"):
            add_confirmed(session, text, "vpn")
        add_confirmed(session, "measured", None, Purpose.HELD_OUT)
        add_confirmed(session, "taught", "vpn")
        add_confirmed(session, "second", "vpn", standing=Standing.SECOND)
        served, judged = read_catalogue(session), read_catalogue_to_judge(session)
    faq = ["VPN down", "authored and measured"]
    hidden = ["Measured by its author", "Pinned", "measured"]
    assert [entry.text for entry in served.entries] == [*faq, *hidden, "taught"]
    assert [entry.text for entry in judged.entries] == [*faq, "taught"]
    assert (len(served.obeyed), len(judged.obeyed)) == (1, 0)


def test_of_several_verdicts_on_the_same_words_the_newest_decides(database: Database) -> None:
    def read() -> tuple[list[Entry], list[Entry]]:
        catalogue = read_catalogue(session)
        return list(catalogue.entries), list(catalogue.obeyed.values())

    with database.write() as session:
        add_intent(session, "vpn")
        add_intent(session, "invoice")
        add_confirmed(session, "it is broken", "vpn", days_ago=2)
        add_confirmed(session, "it is BROKEN", "invoice", days_ago=3)
        assert read() == ([Entry("it is broken", "vpn", confirmed=True)], [])
        later = add_confirmed(session, "It is broken", None, standing=Standing.SECOND, days_ago=1)
        assert read() == (
            [Entry("it is broken", "vpn", confirmed=True)],
            [Entry("It is broken", None, confirmed=True)],
        )
        assert later.confirmation is not None
        later.confirmation.standing = Standing.APART
        session.flush()
        assert read() == ([Entry("it is broken", "vpn", confirmed=True)], [])
        edit_faq.change_intent(session, "ann", "vpn", {"enabled": False})
        assert read() == ([], []), "what an agent took back does not come to life again"


def test_rolling_a_model_back_keeps_the_faq_of_today(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
        old = add_live_version(session).id
        add_live_version(session)
        edit_faq.add_utterance(session, "ann", "vpn", "VPN off")
        release.roll_back(session, "ann", "complaints")
        target = read_target(session)
        assert target is not None
        assert target.version == old
        texts = [entry.text for entry in read_catalogue(session).entries]
        assert texts == ["VPN down", "VPN off"]
