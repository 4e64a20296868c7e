"""`python -m workers.training.train_process JOB_DIR`: one training and export, in its own process.

Reads JOB_DIR/spec.json and writes JOB_DIR/out/; each line on stdout is one JSON object, either
{"step", "progress", "message"} or, last of a failed run, {"error"}. Logs go to stderr.
"""

import ctypes
import json
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import TextIO

from chatbot.domain.example import Example
from chatbot.errors import ChatbotError
from chatbot.matching.bundle import GOLDEN_QUERIES
from workers.training.spec import TrainingSpec

log = logging.getLogger(__name__)

PARITY_ROWS = 1500
FOLD_ROWS = 200
"""Texts to compare on; a fold is only there to calibrate."""

NICENESS = 10
PR_SET_PDEATHSIG = 1
LIBRARIES = ("torch", "sentence-transformers", "transformers", "onnx", "onnxruntime", "tokenizers")
ENVIRONMENT = {
    # Idle threads sleep rather than spin: the cores are shared with the processes that answer.
    "OMP_WAIT_POLICY": "passive",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one training and return the exit code: 0, or 1 when there is no model."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _yield_to_others()
    report = _Report(_own_stdout())
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    if len(arguments) != 1:
        report.error("Give one folder: python -m workers.training.train_process JOB_DIR")
        return 1
    try:
        run(Path(arguments[0]), report)
    except ChatbotError as error:
        report.error(str(error))
        return 1
    except Exception as error:
        log.exception("The training broke off")
        report.error(f"The training broke off: {type(error).__name__}. The log has the details.")
        return 1
    return 0


class _Report:
    """Writes progress as one JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, step: str, progress: float, message: str) -> None:
        self._write({"step": step, "progress": round(progress, 3), "message": message})

    def error(self, message: str) -> None:
        self._write({"error": message})

    def _write(self, line: dict[str, str | float]) -> None:
        print(json.dumps(line, ensure_ascii=False), file=self._stream, flush=True)


def run(job: Path, report: Callable[[str, float, str], None]) -> None:
    """Train and export what `job`/spec.json asks for into `job`/out. Raises ChatbotError."""
    started = time.monotonic()
    spec = TrainingSpec.load(job / "spec.json")
    os.environ.update(ENVIRONMENT)
    # Imported late: torch and transformers read the variables above when they are imported.
    from transformers.utils.logging import disable_progress_bar

    from workers.export import export
    from workers.training import training_loop

    disable_progress_bar()  # type: ignore[no-untyped-call]
    out = job / "out"
    out.mkdir(exist_ok=True)
    runs = len(spec.folds) + 1
    for fold in range(len(spec.folds)):
        told = _part_of(report, 0.85 * fold / runs, 0.85 / runs)
        with tempfile.TemporaryDirectory(dir=job) as folder:
            unseen = training_loop.fit(spec.without(fold), Path(folder), told)
        export.write_alike(
            unseen.model, out / "folds" / str(fold), _sample(spec), _parity_rows(spec, FOLD_ROWS)
        )
    told = _part_of(report, 0.85 * len(spec.folds) / runs, 0.85 / runs)
    result = training_loop.fit(spec, out / "torch", told)
    report("export", 0.88, "Writing the encoder that will be served, and comparing it")
    exported = export.write_alike(
        result.model, out / "encoder", _sample(spec), _parity_rows(spec, PARITY_ROWS)
    )
    summary = {
        "seconds": round(time.monotonic() - started, 1),
        "history": result.history_as_json(),
        "best_epoch": result.best_epoch,
        "export": exported.to_json(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "spec": spec.settings(),
    }
    (out / "training.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    words = f"Trained in {summary['seconds']} s, served in {exported.precision}"
    report("parity", 1.0, words)


def _part_of(
    report: Callable[[str, float, str], None], start: float, share: float
) -> Callable[[str, float, str], None]:
    """Reports of a part that takes `share` of the whole and begins at `start`."""
    return lambda step, done, message: report(step, start + share * done, message)


def _yield_to_others() -> None:
    """Visitors come first on a shared machine; and no trainer outlives its worker."""
    os.nice(NICENESS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _sample(spec: TrainingSpec) -> list[str]:
    """Return texts that show the export how large the encoder's hidden values get."""
    texts = [example.text for example in spec.examples]
    return Random(spec.seed).sample(texts, min(PARITY_ROWS, len(texts))) or list(GOLDEN_QUERIES)


def _parity_rows(spec: TrainingSpec, most: int) -> list[Example]:
    """Return `most` texts to compare on: the validation part, filled up with training texts.

    The golden queries are always there: an FAQ may be empty, or all its texts alike.
    """
    random = Random(spec.seed)
    rows = random.sample(spec.validation, min(most, len(spec.validation)))
    rows += random.sample(spec.examples, min(most - len(rows), len(spec.examples)))
    return rows + [Example(query, intent=query) for query in GOLDEN_QUERIES]


def _own_stdout() -> TextIO:
    """Return the real stdout and send what libraries print to stderr instead."""
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


if __name__ == "__main__":
    sys.exit(main())
