from pathlib import Path

import pytest
from sqlalchemy import func, select

from chatbot.domain.matching import Calibration
from chatbot.errors import ArtefactRefused, NotFound
from chatbot.matching import bundle as bundle_module
from chatbot.matching.bundle import write_bundle
from chatbot.matching.encoder import HashingEncoder
from chatbot.matching.guessed import Guessed
from chatbot.matching.index import HnswIndex
from chatbot.matching.live import LiveMatcher
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.catalogue import read_catalogue
from chatbot.services.releases import open_models, release
from chatbot.services.releases.open_models import StoredModels
from chatbot.services.releases.processes import ProcessKind, list_alive
from chatbot.settings import Settings
from chatbot.storage.artefacts import ArtefactStore
from chatbot.storage.database import Database
from chatbot.storage.tables import WorkingProcess
from factories import RULE, CountingEncoder, add_intent, add_version
from fakes import CALIBRATION


@pytest.fixture(autouse=True)
def stub_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The artefacts of these tests hold no ONNX graph."""
    opened = type("Stub", (), {"open": staticmethod(lambda folder, threads=1: HashingEncoder())})
    monkeypatch.setattr(bundle_module, "OnnxEncoder", opened)


@pytest.fixture
def store(tmp_path: Path) -> ArtefactStore:
    return ArtefactStore(str(tmp_path / "a"), tmp_path / "a", tmp_path / "staging")


@pytest.fixture
def models(database: Database, store: ArtefactStore, tmp_path: Path) -> StoredModels:
    return StoredModels(Settings(data_dir=tmp_path), database, store)


@pytest.fixture
def live(models: StoredModels) -> LiveMatcher:
    return LiveMatcher(models, poll_seconds=60)


def publish_version(
    database: Database, store: ArtefactStore, calibration: Calibration = CALIBRATION
) -> int:
    """A version with a real artefact, promoted."""
    encoder = HashingEncoder()
    with database.read() as session:
        catalogue = read_catalogue(session)
    with store.stage() as folder:
        (folder / "encoder").mkdir()
        vectors = encoder.encode([entry.text for entry in catalogue.entries])
        index, guessed = HnswIndex.build(vectors), Guessed.nothing(encoder.dimension)
        meaning = write_bundle(
            folder, encoder, calibration, catalogue.keys, vectors, index, guessed, RULE
        )
        digest = store.publish(folder, meaning.to_json())
    with database.write() as session:
        version = add_version(session, digest=digest)
        release.promote(session, version.id, "ann", "for a test")
        return version.id


@pytest.fixture
def first(database: Database, store: ArtefactStore) -> int:
    with database.write() as session:
        add_intent(session, "vpn", "the VPN is down", "VPN drops")
        add_intent(session, "invoice", "where is my invoice")
    return publish_version(database, store)


def test_a_process_adopts_what_is_live_and_says_so(
    database: Database, live: LiveMatcher, first: int
) -> None:
    live.refresh()
    assert live.current().version == first
    assert live.current().match("vpn DROPS").candidates[0].intent == "vpn"
    with database.read() as session:
        (row,) = list_alive(session, ProcessKind.WEB)
    assert (row.version_id, row.generation, row.error) == (first, 1, None)


def test_an_edit_of_the_faq_is_taken_up_without_another_model(
    database: Database, live: LiveMatcher, first: int
) -> None:
    live.refresh()
    before = live.current()
    with database.write() as session:
        edit_faq.add_utterance(session, "ann", "vpn", "tunnel is broken")
        edit_faq.change_intent(session, "ann", "invoice", {"enabled": False})
    live.refresh()
    after = live.current()
    assert after.bundle is before.bundle
    assert after.match("Tunnel is broken").candidates[0].intent == "vpn"
    assert set(after.intents) == {"vpn"}
    assert not before.match("Tunnel is broken").exact


def test_an_edit_is_encoded_and_indexed_alone(
    database: Database, live: LiveMatcher, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.refresh()
    encoder = CountingEncoder()
    monkeypatch.setattr(live.current().bundle.encoder, "encode", encoder.encode)
    monkeypatch.setattr(HnswIndex, "build_rows", lambda *_: pytest.fail("was built"))
    monkeypatch.setattr(open_models, "read_catalogue", lambda *_: pytest.fail("was read"))
    before = live.current()
    with database.write() as session:
        edit_faq.add_utterance(session, "ann", "vpn", "tunnel is broken")
    live.refresh()
    assert [text for text in encoder.seen if "tunnel" in text] == ["tunnel is broken"]
    assert not {"the VPN is down", "VPN drops", "where is my invoice"} & set(encoder.seen)
    assert live.current().phrasings.indexed is before.phrasings.indexed
    assert live.current().match("Tunnel IS broken").exact


def test_a_process_that_is_too_far_behind_reads_everything(
    database: Database, live: LiveMatcher, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.refresh()
    monkeypatch.setattr(edit_faq, "MOST_CHANGES", 1)
    with database.write() as session:
        edit_faq.create_intent(session, "ann", "leave", "Leave", "A", "", ["book leave", "day off"])
    live.refresh()
    assert live.current().match("Book LEAVE").candidates[0].intent == "leave"
    assert live.current().match("vpn DROPS").exact


def test_a_damaged_artefact_keeps_the_old_model_and_is_reported(
    database: Database, live: LiveMatcher, store: ArtefactStore, first: int
) -> None:
    live.refresh()
    second = publish_version(database, store, Calibration.unfitted(0.4))
    with database.read() as session:
        digest = release.get_version(session, second).digest
    (store.fetch(digest) / "keys.txt").unlink()
    store._verified.clear()
    live.refresh()
    assert live.current().version == first
    assert live.error == f"ArtefactRefused: {digest[:12]}: keys.txt is missing"
    with database.read() as session:
        (row,) = list_alive(session, ProcessKind.WEB)
    assert (row.version_id, row.error) == (first, live.error)


def test_any_version_can_be_opened_beside_the_live_one(
    database: Database, models: StoredModels, store: ArtefactStore, first: int
) -> None:
    second = publish_version(database, store, Calibration.unfitted(0.4))
    assert models.open_version().version == second
    assert models.open_version(first).version == first
    assert models.open_version(first).calibration == CALIBRATION
    with pytest.raises(NotFound):
        models.open_version(99)


def test_without_any_model_the_next_step_is_named(models: StoredModels) -> None:
    with pytest.raises(ArtefactRefused, match="chatbot up"):
        models.open_version()
    assert models.read_target() is None


def test_a_process_that_stops_leaves_no_row(
    database: Database, models: StoredModels, live: LiveMatcher, first: int
) -> None:
    models.leave()
    live.refresh()
    live.refresh()
    with database.read() as session:
        assert session.scalar(select(func.count(WorkingProcess.id))) == 1
    models.leave()
    with database.read() as session:
        assert session.scalar(select(func.count(WorkingProcess.id))) == 0
