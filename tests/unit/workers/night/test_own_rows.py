from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.bootstrap import Parts
from chatbot.domain.accuracy import Outcome
from chatbot.domain.matching import Candidate, Decision
from chatbot.services.learning.training_set import Frozen, freeze
from factories import add_version
from fakes import teach
from workers.fitting import out_of_fold
from workers.night.own_rows import ask_own_rows


@pytest.fixture
def frozen(parts: Parts) -> Frozen:
    with parts.database.read() as session:
        return freeze(session, parts.settings)


def test_an_untrained_version_is_asked_with_each_row_hidden(parts: Parts, frozen: Frozen) -> None:
    with parts.database.write() as session:
        version = add_version(session, kind="untrained")
        identity = version.id
    teach(parts, version.digest, {})
    outcomes = ask_own_rows(parts, parts.models.open_version(identity, to_judge=True), frozen)
    assert outcomes.keys() == {row.text for row in frozen.training}
    assert all(outcome.expected is not None for outcome in outcomes.values())
    assert any(outcome.best != outcome.expected for outcome in outcomes.values())


def test_a_trained_version_says_what_it_kept(parts: Parts, frozen: Frozen, tmp_path: Path) -> None:
    with parts.database.write() as session:
        version = add_version(session, kind="train")
        identity = version.id
    teach(parts, version.digest, {})
    opened = parts.models.open_version(identity, to_judge=True)
    opened.bundle = replace(opened.bundle, folder=tmp_path)
    row = frozen.training[0]
    kept = Outcome(row.text, row.intent, Decision.ANSWER, (Candidate(row.intent, 0.9),))
    assert ask_own_rows(parts, opened, frozen) == {}
    out_of_fold.write(tmp_path, {row.text: kept})
    assert ask_own_rows(parts, opened, frozen) == {row.text: kept}
