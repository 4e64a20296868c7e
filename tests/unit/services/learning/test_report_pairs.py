import pytest

from chatbot.domain.report.report import EvaluationReport
from chatbot.services.learning.report_pairs import PairEpoch, pair_epochs, say_of_pairs
from factories import change_report, make_small_report, read_earlier_report


def report(*left_out: float | None, pairs: int = 40, apart: int = 0) -> EvaluationReport:
    history = [
        {"epoch": epoch, "pairs_spearman": 0.5 + epoch / 10, "left_out_pairs_spearman": value}
        for epoch, value in enumerate(left_out)
    ]
    data = {"pairs": pairs, "left_out_pairs": 10, "apart": {"pairs": apart}}
    return make_small_report(data=data, training={"history": history})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.2, 0.6), "from 0.20 to 0.60: what was learnt holds for other pairs"),
        ((0.6, 0.2), "learnt by heart"),
        ((0.5, 0.52), "hardly anything changed"),
        ((None, None), "nothing shows how it holds"),
    ],
)
def test_what_holds_for_other_pairs_is_told_from_what_is_learnt_by_heart(
    values: tuple[float | None, ...], words: str
) -> None:
    said = say_of_pairs(report(*values))
    assert said.startswith("40 pairs with a score taught, 10 were left out to measure. ")
    assert words in said


def test_only_what_the_epoch_that_was_kept_has_learnt_counts() -> None:
    stored = change_report(report(0.2, 0.6, 0.1), training={"best_epoch": 1})
    assert "from 0.20 to 0.60" in say_of_pairs(stored)


def test_what_may_not_teach_is_counted_too() -> None:
    assert " 3 more did neither" in say_of_pairs(report(0.1, 0.2, apart=3))
    assert "neither" not in say_of_pairs(report(0.1, 0.2))


def test_each_epoch_has_both_figures() -> None:
    assert pair_epochs(report(None, 0.3)) == [PairEpoch(0, 0.5, None), PairEpoch(1, 0.6, 0.3)]


@pytest.mark.parametrize(
    "stored",
    [
        {"data": {}, "training": {}},
        {"data": {"apart": {"waiting": 1}}, "training": {"history": [{"epoch": 1}]}},
        {"data": {"pairs": 0, "left_out_pairs": 0}, "training": {"history": []}},
    ],
)
def test_without_pairs_or_in_an_older_report_there_is_nothing_to_say(
    stored: dict[str, object],
) -> None:
    read = read_earlier_report(stored)
    assert say_of_pairs(read) == ""
    assert pair_epochs(read) == []
