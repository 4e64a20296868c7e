from chatbot.domain.split import Part
from chatbot.matching.catalogue import Entry, IntentCard
from chatbot.services import publish, release
from chatbot.services.catalogue import read_catalogue, read_catalogue_to_train, read_target
from chatbot.storage.database import Database
from factories import add_confirmed, add_intent, add_live_version, add_version


def test_the_target_names_the_live_version_and_the_knowledge_of_now(database: Database) -> None:
    with database.write() as session:
        add_version(session)
        live = add_live_version(session)
        add_intent(session, "vpn")
        target = read_target(session)
        assert target is not None
        assert (target.version, target.digest, target.generation) == (live.id, live.digest, 1)
        assert target.revision == publish.current_revision(session) == 1


def test_a_catalogue_holds_enabled_intents_in_the_order_of_their_utterances(
    database: Database,
) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off")
        add_intent(session, "retired", "fax", enabled=False)
        add_intent(session, "empty")
        catalogue = read_catalogue(session, None)
        assert catalogue.entries == (Entry("VPN down", "vpn"), Entry("VPN off", "vpn"))
        assert catalogue.intents == {
            "vpn": IntentCard("Title of vpn", "Answer of vpn"),
            "empty": IntentCard("Title of empty", "Answer of empty"),
        }
        assert catalogue.revision == publish.current_revision(session)


def test_a_version_searches_what_it_learnt_and_not_what_others_did(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
        add_intent(session, "retired", enabled=False)
        learnt = [
            add_confirmed(session, "tunnel broken", "vpn").id,
            add_confirmed(session, "vpn DOWN", "vpn").id,
            add_confirmed(session, "fax broken", "retired").id,
            add_confirmed(session, "measured only", "vpn", Part.HELD_OUT).id,
            add_confirmed(session, "pizza", None).id,
        ]
        later = add_confirmed(session, "tunnel slow", "vpn").id
        first = add_version(session, learnt=learnt).id
        second = add_version(session, learnt=[*learnt, later]).id

        def texts(version_id: int | None) -> list[str]:
            return [entry.text for entry in read_catalogue(session, version_id).entries]

        assert texts(None) == ["VPN down"]
        assert texts(first) == ["VPN down", "tunnel broken"]
        assert texts(second) == ["VPN down", "tunnel broken", "tunnel slow"]
        learns = [("tunnel broken", "vpn"), ("vpn DOWN", "vpn")]
        to_train = [entry.text for entry in read_catalogue_to_train(session, learns).entries]
        assert to_train == ["VPN down", "tunnel broken"]


def test_a_corrected_verdict_moves_the_learnt_question_at_once(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        invoice = add_intent(session, "invoice")
        query = add_confirmed(session, "it is broken", "vpn")
        version = add_version(session, learnt=[query.id]).id
        assert query.confirmation is not None
        query.confirmation.intent_id = invoice.id
        session.flush()
        assert read_catalogue(session, version).entries == (Entry("it is broken", "invoice"),)


def test_rolling_a_model_back_keeps_the_faq_of_today(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
        old = add_live_version(session).id
        add_live_version(session)
        publish.add_utterance(session, "ann", "vpn", "VPN off")
        release.roll_back(session, "ann", "complaints")
        target = read_target(session)
        assert target is not None
        assert target.version == old
        texts = [entry.text for entry in read_catalogue(session, old).entries]
        assert texts == ["VPN down", "VPN off"]
