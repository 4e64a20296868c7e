import json
import multiprocessing
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect, select, text, update

from chatbot.matching.catalogue import Entry
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.catalogue import read_edit
from chatbot.services.learning.render_report import render
from chatbot.services.releases import release
from chatbot.services.releases.reports import find_report, get_report
from chatbot.storage.database import Database, Table
from chatbot.storage.migrate import alembic_config, migrate, newest_revision
from chatbot.storage.tables import Confirmation, Knowledge, ModelVersion, Query
from factories import load_migration, make_small_report


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Without any table."""
    if request.param == "sqlite":
        with closing(Database(f"sqlite:///{tmp_path / 'new' / 'chatbot.db'}")) as database:
            yield database
        return
    server = request.getfixturevalue("postgresql")
    with server.new() as url, closing(Database(url)) as database:
        yield database


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_a_new_database_gets_every_table_and_the_row_of_knowledge(new_database: Database) -> None:
    migrate(new_database)
    assert tables(new_database) == set(Table.metadata.tables)
    with new_database.read() as session:
        assert session.scalars(select(Knowledge.revision)).all() == [0]


def test_migrating_again_writes_nothing(new_database: Database) -> None:
    migrate(new_database)
    statements: list[str] = []
    event.listen(
        new_database.engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: statements.append(statement),
    )
    migrate(new_database)
    assert statements
    assert not [
        s for s in statements if not s.lstrip().upper().startswith(("SELECT", "PRAGMA", "BEGIN"))
    ]


def test_migrations_make_exactly_the_tables_of_the_code(new_database: Database) -> None:
    migrate(new_database)
    with new_database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Table.metadata) == []


def test_migrations_can_be_taken_back(new_database: Database) -> None:
    migrate(new_database)
    command.downgrade(alembic_config(new_database), "base")
    assert tables(new_database) == set()
    migrate(new_database)
    assert tables(new_database) == set(Table.metadata.tables)


def test_an_installation_from_before_the_log_of_changes_starts_one(
    new_database: Database,
) -> None:
    command.upgrade(alembic_config(new_database), "0001")
    with new_database.write() as session:
        session.execute(update(Knowledge).values(revision=7))
    migrate(new_database)
    with new_database.write() as session:
        edit_faq.create_intent(session, "ann", "vpn", "VPN", "A", "", ["VPN drops"])
        assert read_edit(session, since=6) is None
        edit = read_edit(session, since=7)
    assert edit is not None
    assert list(edit.entries.values()) == [Entry("VPN drops", "vpn")]


def test_there_is_one_newest_migration_and_it_is_the_last_file(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'unused.db'}")) as database:
        scripts = ScriptDirectory.from_config(alembic_config(database))
    assert scripts.get_heads() == [newest_revision()]


def migrate_at_once(url: str, together: Barrier) -> None:
    with closing(Database(url)) as database:
        together.wait()
        migrate(database)


def test_processes_that_start_together_migrate_once(new_database: Database) -> None:
    url = new_database.url.render_as_string(hide_password=False)
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(4)
    processes = [spawn.Process(target=migrate_at_once, args=(url, together)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert tables(new_database) == set(Table.metadata.tables)


def test_what_was_confirmed_before_there_was_a_quarantine_keeps_teaching(
    new_database: Database,
) -> None:
    command.upgrade(alembic_config(new_database), "0005")
    with new_database.write() as session:
        for statement in (
            "INSERT INTO model_versions (id, digest, kind, calibration, knowledge_revision,"
            " fingerprint, training_rows, withdrawn, report, created_at)"
            " VALUES (1, 'd', 'train', 'c', 0, 'f', 0, false, '{}', '2026-01-01 00:00:00')",
            "INSERT INTO queries (id, text, text_key, asked_at, decision, exact, candidates,"
            " usefulness, test, model_version, knowledge_revision, calibration)"
            " VALUES ('q', 'VPN', 'k', '2026-01-01 00:00:00', 'answer', false, '[]', 0, false, 1, 0,"
            " 'c')",
            "INSERT INTO confirmations (query_id, part, confirmed_by, confirmed_at)"
            " VALUES ('q', 'training', 'ann', '2026-01-01 00:00:00')",
        ):
            session.execute(text(statement))
    migrate(new_database)
    with new_database.read() as session:
        assert session.scalars(select(Confirmation.released_by)).all() == ["upgrade"]
        assert session.scalars(select(Query.sample_share)).all() == [None]
    command.downgrade(alembic_config(new_database), "0005")
    with new_database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM confirmations")) == 1


# As a version of early days kept it: before pins, sources, pairs and costs, and with figures that
# nothing reads any more.
EARLY: dict[str, Any] = {
    "version": 2,
    "live_version": 1,
    "look": 3,
    "verdict": "hold",
    "reasons": ["Intent “leave” gets worse by 60%.", "By a test."],
    "comparison": {
        "verdict": "hold",
        "reasons": ["Intent “leave” gets worse by 60%.", "By a test."],
        "both_right": 12,
        "only_candidate": 8,
        "only_live": 6,
        "both_wrong": 0,
        "p_value": 0.79,
        "needed_p_value": 0.0125,
        "gain": 0.067,
        "gain_interval": [-0.2, 0.3],
        "intents_worse": {"leave": 0.6},
        "out_of_scope_change": 0.0,
        "guards": [
            {"name": "intents", "measured": 0.6, "allowed": 0.1, "broken": ["Intent “leave” gets worse by 60%."]},
            {"name": "out_of_scope", "measured": 0.0, "allowed": 0.05, "broken": []},
            {"name": "wrong_answers", "measured": 0.444, "allowed": 0.353, "broken": []},
            {"name": "forgotten", "measured": 0.0, "allowed": 0.0, "broken": []},
        ],
    },
    "candidate": {"n": 26, "n_in_scope": 26, "n_out_of_scope": 0, "top1": 0.77, "top3": 0.8, "in_scope_accuracy": 0.7, "oos_recall": None, "mcc": 0.5, "coverage": 0.9, "wrong_answer_rate": 0.1, "ece": 0.1, "auroc_oos": None},
    "live": {"n": 26, "n_in_scope": 26, "n_out_of_scope": 0, "top1": 0.69, "top3": 0.8, "in_scope_accuracy": 0.6, "oos_recall": None, "mcc": 0.4, "coverage": 0.8, "wrong_answer_rate": 0.1, "ece": 0.1, "auroc_oos": None},
    "per_intent": {"leave": {"support": 10, "precision": 1.0, "recall": 0.4, "f1": 0.57, "confused_with": {"nothing": 6}}},
    "calibration": {"weights": [16.0, 0.9], "bias": -10.0, "answer_at": 0.8, "clarify_at": 0.5, "rows": 20, "curve": [[0.9, 0.77, 26]]},
    "changed": [
        {
            "text": "days off?",
            "expected": "leave",
            "live": {"decision": "answer", "best": "leave", "probability": 0.9},
            "candidate": {"decision": "handoff", "best": None, "probability": 0.0},
        }
    ],
    "data": {"training": 40, "validation": 10, "out_of_scope": 2, "held_out": 26, "learnt_queries": 4, "knowledge_revision": 9, "fingerprint": "f" * 64},
    "training": {
        "seconds": 61.4,
        "history": [{"epoch": 1, "training_loss": 0.5, "validation_loss": None, "validation_score": 0.8}],
        "parity": {"agreement": 0.99},
        "libraries": {"torch": "2.0"},
        "spec": {"epochs": 3, "loss": "mnrl", "folds": [[0, 1]]},
    },
}  # fmt: skip


def insert_versions(database: Database, reports: dict[int, dict[str, Any]]) -> None:
    with database.write() as session:
        for version, report in reports.items():
            session.execute(
                text(
                    "INSERT INTO model_versions (id, digest, kind, calibration, knowledge_revision,"
                    " fingerprint, training_rows, withdrawn, report, created_at) VALUES"
                    " (:id, :digest, 'train', 'c', 0, 'f', 0, false, :report, '2026-01-01 00:00:00')"
                ),
                {"id": version, "digest": f"d{version}", "report": json.dumps(report)},
            )


def test_reports_of_any_age_are_read_after_an_upgrade_and_sql_finds_them(
    new_database: Database,
) -> None:
    command.upgrade(alembic_config(new_database), "0013")
    insert_versions(new_database, {1: {}, 2: EARLY, 3: {"live_version": 1, "look": 4}})
    migrate(new_database)
    with new_database.read() as session:
        unmeasured, early, bare = (release.get_version(session, n) for n in (1, 2, 3))
        assert release.count_comparisons(session, 1) == 4
    assert find_report(unmeasured) is None
    assert (unmeasured.live_id, unmeasured.look, unmeasured.change) == (None, 0, None)
    assert (early.live_id, early.look, early.disputed) == (1, 3, 0)
    assert early.change == "Intent “leave” gets worse by 60%."
    assert (get_report(bare).look, get_report(bare).reasons, bare.change) == (4, (), None)
    report = get_report(early)
    assert (report.schema_number, report.ends, report.sources) == (1, None, None)
    assert (report.calibration.similarity, report.calibration.answer_at) == (None, 0.8)
    assert (report.data.apart.waiting, report.training.export) == (0, None)
    assert report.training.spec == {"epochs": 3, "loss": "mnrl"}
    stored = report.to_json()
    for part in ("candidate", "live", "per_intent", "changed", "reasons"):
        assert stored[part] == EARLY[part], part
    page = render(early)
    assert "- No intent suffers: broken. Intent “leave” gets worse by 60%." in page
    assert "35.3% is allowed. That much can be chance." in page
    assert "forgotten" not in page


def test_reports_are_again_what_earlier_code_reads_after_a_downgrade(
    new_database: Database,
) -> None:
    command.upgrade(alembic_config(new_database), "0013")
    insert_versions(new_database, {1: {}, 2: EARLY})
    migrate(new_database)
    command.downgrade(alembic_config(new_database), "0013")
    with new_database.read() as session:
        none, report = session.scalars(select(ModelVersion.report).order_by(ModelVersion.id)).all()
    assert none == {}
    assert not {"schema", "ends", "sources"} & report.keys()
    assert not {"whole", "taught", "elsewhere"} & report["comparison"].keys()
    assert not {"export", "index"} & report["training"].keys()
    assert report["training"]["history"] == EARLY["training"]["history"]
    assert report["comparison"]["needed_p_value"] == 0.0125


def test_a_report_of_yesterday_loses_nothing_in_an_upgrade() -> None:
    upgrade = load_migration("0014")
    report = make_small_report(look=2, data={"disputed": 3}).to_json()
    assert upgrade.complete(report, 1) == report
    assert upgrade.complete(upgrade.strip(report), 1) == report
