from dataclasses import replace

import pytest

from workers.night.decide_to_train import Earlier, Reconsider, Situation, Skip, Train, decide

PERSONS = Situation(trains=True, is_forced=False, lacks=None, earlier=None, newest=None)
NIGHTS = replace(PERSONS, newest=4)
JUDGED = Earlier(version_id=3, is_settled=False, has_new_evidence=True)
ENOUGH = 0.2


def never() -> float:
    pytest.fail("no artefact has to be opened for this")


def test_what_a_person_asks_for_is_trained_however_little_is_new() -> None:
    assert decide(PERSONS, never, ENOUGH) == Train()


def test_an_faq_that_lacks_something_is_skipped_with_what() -> None:
    for situation in (PERSONS, NIGHTS, replace(PERSONS, is_forced=True, earlier=JUDGED)):
        lacking = replace(situation, lacks="Add utterances of a second intent.")
        assert decide(lacking, never, ENOUGH) == Skip("Add utterances of a second intent.")


def test_the_same_rows_with_new_evidence_are_judged_again_and_not_trained_again() -> None:
    for situation in (PERSONS, NIGHTS):
        again = replace(situation, earlier=JUDGED)
        assert decide(again, never, ENOUGH) == Reconsider(3)


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param(replace(JUDGED, has_new_evidence=False), id="no new evidence"),
        pytest.param(replace(JUDGED, is_settled=True), id="live or withdrawn"),
    ],
)
def test_the_same_rows_are_skipped_where_no_verdict_could_change(earlier: Earlier) -> None:
    skipped = Skip("Nothing changed since version 3 was made.")
    assert decide(replace(PERSONS, earlier=earlier), never, ENOUGH) == skipped
    assert decide(replace(NIGHTS, earlier=earlier), never, ENOUGH) == skipped


def test_who_insists_gets_a_training_of_the_same_rows() -> None:
    assert decide(replace(PERSONS, is_forced=True, earlier=JUDGED), never, ENOUGH) == Train()


def test_the_base_model_is_made_ready_whatever_the_faq_lacks_or_was_made_before() -> None:
    untrained = replace(PERSONS, trains=False, lacks="Add utterances.", earlier=JUDGED)
    assert decide(untrained, never, ENOUGH) == Train()


def test_a_night_trains_from_the_share_on_that_is_enough() -> None:
    assert decide(NIGHTS, lambda: 0.2, ENOUGH) == Train()
    assert decide(NIGHTS, lambda: 0.19, ENOUGH) == Skip(
        "19% is new beside what version 4 learnt. The night trains from 20% on; ask for a training "
        "to have one now."
    )


def test_a_night_trains_where_nobody_can_tell_what_is_new() -> None:
    assert decide(NIGHTS, lambda: None, ENOUGH) == Train()
