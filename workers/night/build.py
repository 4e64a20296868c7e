"""Build a folder with all that a version needs from the encoders that a training left."""

from collections import ChainMap
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.domain.accuracy import Outcome
from chatbot.domain.matching import NEVER, Calibration
from chatbot.errors import TrainingFailed
from chatbot.failpoints import failpoint
from chatbot.matching.bundle import Bundle, Meaning, Rule, write_bundle
from chatbot.matching.catalogue import Catalogue
from chatbot.matching.encoder import OnnxEncoder
from chatbot.matching.matcher import Matcher
from chatbot.matching.recall import LEAST_RECALL, measure_recall
from chatbot.services.learning.training_set import Frozen
from chatbot.settings import Settings
from workers.fitting import beside_live, novelty, out_of_fold
from workers.fitting.as_they_came import as_they_came
from workers.fitting.calibrate import (
    cross_fit,
    fit,
    gather_votes,
    thresholds_of_other_promises,
    usual_threshold,
)
from workers.fitting.guess import guess_all
from workers.fitting.prior import Prior
from workers.fitting.unseen import Fold, Unseen
from workers.training.spec import TrainingSpec

Tell = Callable[[float, str], None]
Thresholds = list[tuple[float, float]]


@dataclass(frozen=True)
class Built:
    """The folder of an artefact, complete but for its seal, and what its files mean.

    `report` says how well the index finds, how many guesses vote, and when the version would
    answer under other promises.
    """

    folder: Path
    meaning: Meaning
    calibration: Calibration
    report: dict[str, Any]


def build_artefact(
    folder: Path,
    frozen: Frozen,
    spec: TrainingSpec,
    settings: Settings,
    chosen: Container[str],
    live: Mapping[str, Outcome],
    tell: Tell,
) -> Built:
    """Return what is built in `folder/artefact` of the encoders in `folder/out`, which are moved.

    `chosen` has the texts that agents were asked because they are hard: these calibrate nothing.
    `live` are the live version's outcomes out of fold, by text, beside which the threshold is
    chosen; empty where there is nothing to compare with.
    `tell` hears (share done, message). Raises TrainingFailed if the index does not find enough.
    """
    tell(0.0, f"index of {len(frozen.catalogue.entries)} utterances")
    artefact = _take_encoder(folder, with_weights=settings.start_from == "live")
    open_matcher = partial(_open_matcher, frozen.catalogue, settings)
    plain = open_matcher(artefact / "encoder")
    recall = _check_recall(plain)
    folds = _list_folds(plain, frozen, spec, lambda name: open_matcher(folder / "out" / name))
    matcher, folds = _with_guesses(plain, folds, frozen, spec, tell)
    unseen = [Unseen.of(each.matcher, as_they_came(each.unseen, frozen, chosen)) for each in folds]
    calibration, thresholds = _calibrate(matcher, unseen, live, frozen, spec, settings)
    if spec.epochs and not spec.start_from:
        out_of_fold.write(artefact, _outcomes(unseen, calibration))
    novelty.write(artefact, frozen)
    failpoint("build.after_index")
    meaning = _write(artefact, matcher, calibration, frozen.catalogue, settings)
    report = {
        "index": {"ef": meaning.ef, "recall_at_10": round(recall, 4)},
        "guessed": meaning.guessed,
        "thresholds": thresholds,
    }
    return Built(artefact, meaning, calibration, report)


def _take_encoder(folder: Path, with_weights: bool) -> Path:
    """Return the artefact's new folder, with the encoder in it; weights are to go on from later."""
    artefact = folder / "artefact"
    artefact.mkdir()
    for name in ("encoder", "torch") if with_weights else ("encoder",):
        (folder / "out" / name).rename(artefact / name)
    return artefact


def _open_matcher(catalogue: Catalogue, settings: Settings, encoder: Path) -> Matcher:
    """Return a matcher over the whole catalogue, not calibrated yet."""
    opened = OnnxEncoder.open(encoder, settings.training_threads or 1)
    blank = Bundle.blank(opened, Calibration.unfitted(NEVER))
    return Matcher.build(0, blank, catalogue, _rule(settings))


def _rule(settings: Settings) -> Rule:
    return Rule(settings.neighbours, settings.vote_temperature)


def _check_recall(matcher: Matcher) -> float:
    """Return how much of what exact search finds the index finds, 0 to 1. Raises TrainingFailed."""
    index, vectors = matcher.phrasings.indexed.index, matcher.phrasings.rows.all_vectors()
    recall = measure_recall(index, vectors.__getitem__, np.arange(len(vectors)))
    if recall < LEAST_RECALL:
        raise TrainingFailed(f"The index finds only {recall:.1%} of the nearest utterances.")
    return recall


def _list_folds(
    matcher: Matcher, frozen: Frozen, spec: TrainingSpec, open_fold: Callable[[str], Matcher]
) -> Sequence[Fold]:
    """Return what the encoder, or that of each fold, was trained on, and what not."""
    if spec.epochs == 0:
        return [Fold(matcher, [], [*frozen.training, *frozen.validation])]
    if not spec.folds:
        return [Fold(matcher, frozen.training, frozen.validation)]
    return [
        Fold(open_fold(f"folds/{fold}"), spec.without(fold).examples, spec.left_out(fold))
        for fold in range(len(spec.folds))
    ]


def _with_guesses(
    matcher: Matcher, folds: Sequence[Fold], frozen: Frozen, spec: TrainingSpec, tell: Tell
) -> tuple[Matcher, Sequence[Fold]]:
    """Return the same, with questions that nobody judged among the neighbours, if there are any."""
    asked = frozen.unlabelled
    if not asked or not spec.epochs:
        return matcher, folds
    tell(0.5, f"guessing what {len(asked)} questions without a verdict mean")
    return guess_all(matcher, frozen.training, folds, asked)


def _calibrate(
    matcher: Matcher,
    unseen: Sequence[Unseen],
    live: Mapping[str, Outcome],
    frozen: Frozen,
    spec: TrainingSpec,
    settings: Settings,
) -> tuple[Calibration, Thresholds]:
    """Return what votes mean, and from where on they would be answered under other promises."""
    votes = gather_votes(unseen, frozen.out_of_scope, frozen.teachers)
    prior = Prior.of(matcher, trained=spec.epochs > 0)
    answers = cross_fit(votes, prior)
    calibration = fit(votes, answers, prior, settings)
    if live:
        least = usual_threshold(answers, prior, settings.promise)
        own = _outcomes(unseen, calibration)
        calibration = beside_live.choose_threshold(calibration, least, own, live)
    others = thresholds_of_other_promises(answers, prior, settings.promise_confidence)
    return calibration, others


def _outcomes(unseen: Sequence[Unseen], calibration: Calibration) -> Mapping[str, Outcome]:
    return ChainMap(*(each.outcomes(calibration) for each in unseen))


def _write(
    artefact: Path,
    matcher: Matcher,
    calibration: Calibration,
    catalogue: Catalogue,
    settings: Settings,
) -> Meaning:
    return write_bundle(
        artefact,
        matcher.bundle.encoder,
        calibration,
        catalogue.keys,
        matcher.phrasings.rows.all_vectors(),
        matcher.phrasings.indexed.index,
        matcher.bundle.guessed,
        _rule(settings),
        matcher.passages.rows,
    )
