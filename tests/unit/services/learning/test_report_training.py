from chatbot.domain.report.report import EvaluationReport
from factories import change_report
from reports import BETTER, LIVE, rendered, report_of


def test_an_untrained_version_has_no_table_of_epochs(report: EvaluationReport) -> None:
    text = rendered(change_report(report, training={"seconds": 3.0, "history": []}))
    assert text.rstrip().endswith("3 s.")


def test_the_width_of_the_search_and_what_it_finds_are_told(report: EvaluationReport) -> None:
    index = {"ef": 128, "recall_at_10": 0.9942}
    text = rendered(change_report(report, training={"index": index}))
    assert "The index finds 99.4% of the ten nearest utterances (ef 128)." in text


def test_pairs_with_a_score_have_their_own_part_and_a_column_each() -> None:
    assert "Pairs with a score" not in rendered(report_of(BETTER, LIVE))
    epochs = [(0, None, 0.2), (1, 0.9, 0.5)]
    history = [
        {"epoch": epoch, "pair_loss": loss, "pairs_spearman": 0.3, "left_out_pairs_spearman": value}
        for epoch, loss, value in epochs
    ]
    page = rendered(
        change_report(
            report_of(BETTER, LIVE),
            data={"pairs": 40, "left_out_pairs": 10},
            training={"history": history},
        )
    )
    assert "40 pairs with a score taught, 10 were left out to measure." in page
    assert (
        "| epoch | training loss | validation loss | validation score | pair loss | pairs spearman | left out pairs spearman |"
        in page
    )
    assert "| 0 | – | – | – | – | 0.3 | 0.2 |" in page
