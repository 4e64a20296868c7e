from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.bootstrap import Parts
from chatbot.domain.example import Example, PairExample
from chatbot.services.learning.training_set import FEW_UNLABELLED, Frozen, freeze
from workers.fitting import novelty

ROWS = [Example(f"VPN trouble {number}", "vpn") for number in range(10)]


@pytest.fixture
def frozen(parts: Parts) -> Frozen:
    with parts.database.read() as session:
        return replace(freeze(session, parts.settings), training=ROWS, validation=[])


@pytest.mark.parametrize(
    ("now", "share"),
    [
        pytest.param(ROWS, 0.0, id="the same"),
        pytest.param([*ROWS, Example("VPN is slow", "vpn")], 0.1, id="one more"),
        pytest.param(ROWS[:-2], 0.2, id="two were taken away"),
        pytest.param([*ROWS[:-1], Example(ROWS[-1].text, "outage")], 0.2, id="one was corrected"),
    ],
)
def test_what_was_added_taken_away_or_corrected_is_new(
    frozen: Frozen, tmp_path: Path, now: Sequence[Example], share: float
) -> None:
    novelty.write(tmp_path, frozen)
    assert novelty.measure(tmp_path, replace(frozen, training=list(now))) == pytest.approx(share)


def test_a_pair_with_a_score_is_new_like_a_row_and_so_is_another_score(
    frozen: Frozen, tmp_path: Path
) -> None:
    novelty.write(tmp_path, frozen)
    pair = PairExample("VPN is slow", "VPN is down", 0.5)
    with_pair = replace(frozen, pairs=[pair])
    assert novelty.measure(tmp_path, with_pair) == pytest.approx(0.1)
    novelty.write(tmp_path, with_pair)
    turned = PairExample("VPN is down", "VPN is slow", 0.5)
    assert novelty.measure(tmp_path, replace(frozen, pairs=[turned])) == 0
    rescored = replace(frozen, pairs=[replace(pair, score=1.0)])
    assert novelty.measure(tmp_path, rescored) == pytest.approx(2 / 11)
    measured = replace(with_pair, left_out_pairs=[PairExample("a", "b", 1.0)])
    assert novelty.measure(tmp_path, measured) == 0


def test_a_row_that_calibrates_now_is_not_new(frozen: Frozen, tmp_path: Path) -> None:
    novelty.write(tmp_path, frozen)
    moved = replace(frozen, training=ROWS[1:], validation=ROWS[:1])
    assert novelty.measure(tmp_path, moved) == 0


def test_with_other_settings_everything_is_new(frozen: Frozen, tmp_path: Path) -> None:
    novelty.write(tmp_path, frozen)
    assert novelty.measure(tmp_path, replace(frozen, settings={"epochs": 9})) >= 1


def test_twice_as_much_traffic_is_new_and_a_little_more_is_not(
    frozen: Frozen, tmp_path: Path
) -> None:
    asked = list(map(str, range(2 * FEW_UNLABELLED)))
    novelty.write(tmp_path, replace(frozen, unlabelled=asked[:FEW_UNLABELLED]))
    assert novelty.measure(tmp_path, replace(frozen, unlabelled=asked[:-1])) == 0
    assert novelty.measure(tmp_path, replace(frozen, unlabelled=asked)) >= 1


def test_what_is_out_of_scope_counts_too(frozen: Frozen, tmp_path: Path) -> None:
    novelty.write(tmp_path, frozen)
    assert novelty.measure(tmp_path, replace(frozen, out_of_scope=["the weather"])) > 0


def test_beside_a_version_that_kept_no_names_everything_is_new(
    frozen: Frozen, tmp_path: Path
) -> None:
    assert novelty.measure(tmp_path, frozen) == 1


def test_texts_are_not_kept(frozen: Frozen, tmp_path: Path) -> None:
    novelty.write(tmp_path, frozen)
    assert "vpn" not in (tmp_path / "taught.txt").read_text(encoding="utf-8").casefold()
