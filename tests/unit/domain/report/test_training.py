import pytest
from pydantic import ValidationError

from chatbot.domain.report.training import EpochFigures, RowsApart, TrainingRun


@pytest.mark.parametrize("figure", ["pair_loss", "pairs_spearman", "left_out_pairs_spearman"])
def test_any_figure_of_pairs_tells_of_them_also_if_it_is_zero(figure: str) -> None:
    plain = {"epoch": 0, "training_loss": 0.5}
    measured = TrainingRun.model_validate(
        {"seconds": 1.0, "history": [plain, plain | {"epoch": 1, figure: 0.0}]}
    )
    assert [epoch.measures_pairs for epoch in measured.history] == [False, True]
    assert measured.measures_pairs
    assert not TrainingRun.model_validate({"seconds": 1.0, "history": [plain]}).measures_pairs


def test_an_untrained_version_measures_no_pairs() -> None:
    assert not TrainingRun(seconds=1.0, history=()).measures_pairs


def test_a_count_is_never_negative() -> None:
    with pytest.raises(ValidationError):
        RowsApart(waiting=-1)
    with pytest.raises(ValidationError):
        EpochFigures(epoch=-1)
