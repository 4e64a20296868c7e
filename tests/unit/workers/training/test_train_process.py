"""One whole training in its own process: what it writes and tells, and what it must not leak."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch

from chatbot.domain.example import Example, PairExample
from chatbot.domain.report.training import TrainingRun
from chatbot.errors import TrainingFailed
from chatbot.matching.bundle import GOLDEN_QUERIES
from chatbot.matching.encoder import OnnxEncoder
from workers.training import base_model
from workers.training.spec import TrainingSpec
from workers.training.training_loop import fit

ROOT = Path(__file__).parents[4]

TEXTS = {
    "parcel": [
        "Where is my parcel right now?",
        "My delivery from Tuesday has not arrived",
        "Can I track the box you sent me?",
        "The courier never rang my bell",
        "How long does shipping to Norway take?",
        "The tracking page shows nothing",
    ],
    "refund": [
        "I want my money back for the shoes",
        "How do I return these trousers?",
        "When will the refund reach my account?",
        "Please cancel and repay me",
        "You charged me for goods I sent back",
        "I was charged but I want my money back",
    ],
    "sign in": [
        "I cannot sign in on my phone",
        "My password is not accepted any more",
        "The reset link has expired",
        "It says my account is locked",
        "How do I change my login e-mail?",
        "My password was refused when I tried to sign in",
    ],
}
EXAMPLES = tuple(Example(text, intent) for intent, texts in TEXTS.items() for text in texts[:5])
VALIDATION = tuple(Example(texts[5], intent) for intent, texts in TEXTS.items())
SPEC = TrainingSpec(
    examples=(*EXAMPLES, Example("my parcel money", "parcel", rejected="refund")),
    validation=VALIDATION,
    epochs=3,
    batch_size=4,
    learning_rate=2e-4,
)

RELATED = [
    PairExample(TEXTS["parcel"][number], TEXTS["refund"][number], 0.5) for number in range(5)
]
APART = [PairExample(TEXTS["sign in"][number], TEXTS["parcel"][number], 0.0) for number in range(5)]
PAIRS = (*RELATED, *APART)
LEFT_OUT_PAIRS = tuple(
    PairExample(TEXTS[one][5], TEXTS[other][number], score)
    for one, other, score in (("parcel", "refund", 0.5), ("sign in", "parcel", 0.0))
    for number in range(3)
)
WITH_PAIRS = replace(SPEC, validation=(), pairs=PAIRS, left_out_pairs=LEFT_OUT_PAIRS)


@dataclass(frozen=True)
class Run:
    code: int
    lines: list[dict[str, Any]]
    out: Path

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.out / "training.json").read_text())
        return summary


def train(spec: TrainingSpec, job: Path) -> Run:
    job.mkdir()
    spec.dump(job / "spec.json")
    return run_trainer(job)


def run_trainer(job: Path) -> Run:
    done = subprocess.run(
        [sys.executable, "-m", "workers.training.train_process", str(job)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(
        done.returncode, [json.loads(line) for line in done.stdout.splitlines()], job / "out"
    )


@pytest.fixture(scope="module")
def contrastive(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(SPEC, tmp_path_factory.mktemp("trainer") / "job")


def test_a_training_tells_its_steps_in_order_up_to_the_end(contrastive: Run) -> None:
    assert contrastive.code == 0
    order = ["load", "train", "validate", "export", "parity"]
    steps = [line["step"] for line in contrastive.lines]
    assert [step for step in order if step in steps] == order
    assert (steps[0], steps[-1]) == ("load", "parity")
    progress = [line["progress"] for line in contrastive.lines]
    assert progress == sorted(progress)
    assert progress[-1] == 1


def test_the_training_loss_falls(contrastive: Run) -> None:
    losses = [epoch["training_loss"] for epoch in contrastive.summary["history"][1:]]

    assert len(losses) == 3
    assert losses[-1] < losses[0]


def test_each_epoch_shows_validation_beside_training_so_that_over_fitting_is_seen(
    contrastive: Run,
) -> None:
    history = contrastive.summary["history"]

    assert [epoch["epoch"] for epoch in history] == [0, 1, 2, 3]
    assert all(epoch["validation_loss"] is not None for epoch in history)
    assert all(0 <= epoch["validation_score"] <= 1 for epoch in history)
    best = history[contrastive.summary["best_epoch"]]
    assert best["validation_score"] == max(epoch["validation_score"] for epoch in history)


def test_no_training_sentence_is_in_any_file_that_is_written(contrastive: Run) -> None:
    files = [path for path in contrastive.out.rglob("*") if path.is_file()]
    assert files

    for path in files:
        content = path.read_bytes()
        for example in (*SPEC.examples, *SPEC.validation):
            assert example.text.encode() not in content, path


def test_only_the_encoder_the_trained_model_and_the_summary_are_left(contrastive: Run) -> None:
    assert {path.name for path in contrastive.out.iterdir()} == {
        "encoder",
        "torch",
        "training.json",
    }
    suffixes = {path.suffix for path in (contrastive.out / "torch").rglob("*") if path.is_file()}
    assert suffixes == {".json", ".md", ".safetensors"}


def test_the_summary_says_how_the_model_was_made(contrastive: Run) -> None:
    summary = contrastive.summary

    assert TrainingRun.model_validate(summary).seconds > 0, "a report takes it as it is"
    assert summary["spec"]["examples"] == len(SPEC.examples)
    assert summary["spec"]["seed"] == SPEC.seed
    assert summary["libraries"]["torch"]
    assert summary["export"]["mean_cosine"] > 0.99
    texts = len(SPEC.examples) + len(SPEC.validation) + len(GOLDEN_QUERIES)
    assert summary["export"]["rows"] == texts
    assert (summary["export"]["precision"], summary["export"]["rejected"]) == ("int8", [])
    assert 20 < summary["export"]["bytes"] / 2**20 < 30


def test_the_exported_encoder_tells_the_intents_apart(contrastive: Run) -> None:
    encoder = OnnxEncoder.open(contrastive.out / "encoder")

    known = encoder.encode([example.text for example in EXAMPLES])
    nearest = (encoder.encode([example.text for example in VALIDATION]) @ known.T).argmax(axis=1)

    assert [EXAMPLES[row].intent for row in nearest] == [row.intent for row in VALIDATION]


def test_the_same_spec_gives_the_same_bytes(contrastive: Run, tmp_path: Path) -> None:
    again = train(SPEC, tmp_path / "job")

    for name in ("torch/model.safetensors", "encoder/model.onnx", "encoder/tokenizer.json"):
        first, second = (contrastive.out / name).read_bytes(), (again.out / name).read_bytes()
        assert sha256(first).digest() == sha256(second).digest(), name


def test_a_training_can_go_on_from_an_earlier_model(contrastive: Run, tmp_path: Path) -> None:
    spec = replace(SPEC, start_from=str(contrastive.out / "torch"), epochs=1)

    result = fit(spec, tmp_path / "torch", lambda *_: None)

    trained = contrastive.summary["history"][contrastive.summary["best_epoch"]]
    assert result.history[0].validation_loss == pytest.approx(trained["validation_loss"], abs=0.2)


def test_folds_export_an_encoder_each_beside_the_one_that_saw_everything(tmp_path: Path) -> None:
    run = train(replace(SPEC, validation=(), folds=((0,), (1,)), epochs=1), tmp_path / "job")

    assert run.code == 0
    assert {path.name for path in run.out.iterdir()} == {
        "encoder",
        "folds",
        "torch",
        "training.json",
    }
    progress = [line["progress"] for line in run.lines]
    assert progress == sorted(progress)
    text = [EXAMPLES[0].text]
    whole, first, second = (
        OnnxEncoder.open(run.out / folder).encode(text)
        for folder in ("encoder", "folds/0", "folds/1")
    )
    assert not (whole == first).all()
    assert not (first == second).all()


class TestPairsWithAScore:
    def test_their_cosines_come_nearer_to_what_was_said(self, tmp_path: Path) -> None:
        def error(spec: TrainingSpec, name: str) -> float:
            model = fit(spec, tmp_path / name, lambda *_: None).model
            vectors_a = model.encode([pair.text_a for pair in PAIRS], normalize_embeddings=True)
            vectors_b = model.encode([pair.text_b for pair in PAIRS], normalize_embeddings=True)
            cosines: list[float] = (vectors_a * vectors_b).sum(axis=1).tolist()
            return sum((c - p.score) ** 2 for c, p in zip(cosines, PAIRS, strict=True)) / len(PAIRS)

        without = error(replace(WITH_PAIRS, pairs=()), "without")
        assert error(WITH_PAIRS, "with") < 0.5 * without

    def test_each_epoch_shows_those_left_out_beside_those_that_train(self, tmp_path: Path) -> None:
        run = train(WITH_PAIRS, tmp_path / "job")
        history = run.summary["history"]

        assert run.code == 0
        assert [epoch["epoch"] for epoch in history] == [0, 1, 2, 3]
        assert [epoch["pair_loss"] is None for epoch in history] == [True, False, False, False]
        assert history[-1]["pair_loss"] < history[1]["pair_loss"]
        for name in ("pairs_spearman", "left_out_pairs_spearman"):
            assert all(-1 <= epoch[name] <= 1 for epoch in history)
        assert history[-1]["pairs_spearman"] > history[0]["pairs_spearman"]
        assert run.summary["best_epoch"] == 3
        assert run.summary["spec"]["pairs"] == len(PAIRS)

    def test_what_is_left_out_changes_no_byte(self, tmp_path: Path) -> None:
        """Neither whether there are such pairs, nor what was said of them."""
        turned = tuple(replace(pair, score=1 - pair.score) for pair in LEFT_OUT_PAIRS)
        written = {
            weights_of(replace(WITH_PAIRS, left_out_pairs=pairs), tmp_path / name)
            for name, pairs in (("said", LEFT_OUT_PAIRS), ("turned", turned), ("none", ()))
        }
        assert len(written) == 1

    def test_pairs_that_weigh_nothing_leave_every_byte_as_without(self, tmp_path: Path) -> None:
        """So nothing but their loss changes a training: no batch, no order, no rounding."""
        none = weights_of(replace(WITH_PAIRS, pairs=(), left_out_pairs=()), tmp_path / "none")
        assert weights_of(replace(WITH_PAIRS, pair_weight=0), tmp_path / "nothing") == none

    def test_no_pairs_leave_the_history_as_it_was(self, contrastive: Run) -> None:
        for epoch in contrastive.summary["history"]:
            assert epoch.keys() == {
                "epoch",
                "training_loss",
                "validation_loss",
                "validation_score",
            }

    def test_texts_without_an_intent_train_and_their_folds_are_trained_too(
        self, tmp_path: Path
    ) -> None:
        foreign = PairExample("do you sell gift cards", "can I buy a voucher", 1.0)
        spec = replace(WITH_PAIRS, pairs=(*PAIRS, foreign), folds=((0,), (1,)), epochs=1)
        run = train(spec, tmp_path / "job")
        assert run.code == 0
        assert (run.out / "folds" / "1").is_dir()


def weights_of(spec: TrainingSpec, folder: Path) -> str:
    fit(spec, folder, lambda *_: None)
    return sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def test_two_intents_with_two_texts_each_and_no_validation_are_enough(tmp_path: Path) -> None:
    spec = TrainingSpec(examples=(*EXAMPLES[:2], *EXAMPLES[5:7]), epochs=1)

    result = fit(spec, tmp_path / "torch", lambda *_: None)

    assert result.best_epoch == 1
    assert (result.history[0].training_loss or 0) > 0
    assert result.history[0].validation_score is None


def test_the_weights_are_between_those_before_and_those_that_training_gave(tmp_path: Path) -> None:
    spec = TrainingSpec(examples=EXAMPLES, epochs=1, batch_size=4, threads=1)
    before, half, whole = (
        fit(each, tmp_path / str(number), lambda *_: None).model.state_dict()
        for number, each in enumerate(
            [
                replace(spec, epochs=0),
                replace(spec, trained_share=0.5),
                replace(spec, trained_share=1.0),
            ]
        )
    )
    moved = [name for name in before if not torch.equal(before[name], whole[name])]
    assert moved
    for name in moved:
        torch.testing.assert_close(half[name], (before[name] + whole[name]) / 2)


def test_no_epochs_leave_the_base_model_unchanged(tmp_path: Path) -> None:
    spec = TrainingSpec(examples=EXAMPLES[:1], epochs=0)

    result = fit(spec, tmp_path / "torch", lambda *_: None)

    untouched = base_model.load(base_model.resolve(""))
    trained = result.model.encode([EXAMPLES[0].text])
    assert (trained == untouched.encode([EXAMPLES[0].text])).all()
    assert (result.best_epoch, result.history) == (0, [])


def test_one_intent_alone_is_refused_with_what_to_do() -> None:
    with pytest.raises(TrainingFailed, match="add a second intent, or use epochs = 0"):
        TrainingSpec(examples=EXAMPLES[:5])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"epochs": -1}, "use 0 or more"),
        ({"epochs": "three"}, "wrong type"),
        ({"batch_size": True}, "wrong type"),
        ({"batch_size": 1}, "use 2 or more"),
        ({"learning_rate": 0}, "use 0 < rate < 1"),
        ({"trained_share": 0}, "use 0 < share <= 1"),
        ({"surprise": 1}, "unknown settings: surprise"),
        ({"examples": []}, "give at least one text"),
        ({"examples": "all"}, "must be a list"),
        ({"examples": [{"text": " ", "intent": "parcel"}]}, r"examples\[0\].text"),
        ({"validation": [{"text": "hello"}]}, r"validation\[0\].intent"),
    ],
)
def test_an_impossible_spec_is_refused_with_the_reason(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    SPEC.dump(tmp_path / "spec.json")
    content = json.loads((tmp_path / "spec.json").read_text())
    (tmp_path / "spec.json").write_text(json.dumps(content | change))

    with pytest.raises(TrainingFailed, match=reason):
        TrainingSpec.load(tmp_path / "spec.json")


def test_a_spec_survives_being_written_and_read(tmp_path: Path) -> None:
    SPEC.dump(tmp_path / "spec.json")

    assert TrainingSpec.load(tmp_path / "spec.json") == SPEC


def test_a_failed_training_ends_with_the_error_and_code_one(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text("{")

    run = run_trainer(tmp_path)

    assert run.code == 1
    assert "cannot be read as JSON" in run.lines[-1]["error"]
