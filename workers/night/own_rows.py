"""Put to a version what the FAQ and agents taught it, each row as if it did not know it."""

from chatbot.bootstrap import Parts
from chatbot.domain.accuracy import Outcome
from chatbot.matching.matcher import Matcher
from chatbot.services.learning.training_set import Frozen
from chatbot.services.releases import jobs, release
from workers.fitting import out_of_fold
from workers.fitting.unseen import Unseen


def ask_own_rows(parts: Parts, matcher: Matcher, frozen: Frozen) -> dict[str, Outcome]:
    """Return the outcomes of those rows of `frozen` that the version knows, out of fold, by text.

    An untrained encoder has no folds: it is enough to hide each row from its index.
    """
    rows = [*frozen.training, *frozen.validation]
    with parts.database.read() as session:
        kind = release.get_version(session, matcher.version).kind
    if kind == jobs.JobKind.UNTRAINED:
        return Unseen.of(matcher, rows).outcomes(matcher.calibration)
    assert matcher.bundle.folder is not None
    return out_of_fold.read(matcher.bundle.folder, rows)
