import pytest

from chatbot.bootstrap import Parts
from chatbot.domain.example import Example
from chatbot.domain.holdout import is_validation
from chatbot.services.knowledge.edit_faq import get_intent
from chatbot.services.learning.training_set import Frozen
from chatbot.services.releases import jobs
from factories import add_confirmed, add_intent, make_catalogue
from workers.fitting.as_they_came import as_they_came
from workers.fitting.calibrate import LEAST_ROWS
from workers.night.start import read_start

CHOSEN = [t for t in map("a hard one, number {}".format, range(9)) if not is_validation(t, 0.1)][:3]


@pytest.mark.parametrize(("utterances", "left"), [(60, 64), (40, 47)])
def test_what_was_chosen_calibrates_only_where_there_is_too_little_else(
    parts: Parts, utterances: int, left: int
) -> None:
    with parts.database.write() as session:
        for intent in ("invoice", "leave", "reset-password"):
            session.delete(get_intent(session, intent))
        session.flush()
        add_intent(session, "parcel", *[f"where is parcel {n}" for n in range(utterances)])
        for text in CHOSEN:
            add_confirmed(session, text, "parcel")
        job_id = jobs.request(session, jobs.JobKind.TRAIN, "ann").id
    with parts.database.read() as session:
        start = read_start(session, job_id, parts.settings)
    assert start.chosen == set(CHOSEN)
    assert len(as_they_came(start.frozen.training, start.frozen, start.chosen)) == left


def test_validation_rows_count_towards_what_is_left() -> None:
    training = [Example(f"where is parcel {n}", "parcel") for n in range(10)]
    validation = [Example(f"my parcel {n} is late", "parcel") for n in range(LEAST_ROWS - 9)]
    chosen = {training[0].text}
    frozen = Frozen(training, validation, [], [], make_catalogue({}))
    assert as_they_came(training, frozen, chosen) == training[1:]
    fewer = Frozen(training, validation[1:], [], [], make_catalogue({}))
    assert as_they_came(training, fewer, chosen) == training
