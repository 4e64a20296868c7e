"""Watches a training: each epoch's figures, its progress, and the weights of the best epoch."""

from collections.abc import Callable
from typing import Any

from sentence_transformers import SentenceTransformer
from sentence_transformers.base.evaluation import BaseEvaluator
from torch import Tensor
from transformers import TrainerCallback, TrainerControl, TrainerState

Epoch = dict[str, float | int | None]

Progress = Callable[[str, float, str], None]
"""Called with the step, how far the whole training is (0 to 1), and a sentence."""


class Evaluator(BaseEvaluator):
    """Lets the Trainer ask for the validation score at the end of each epoch."""

    def __init__(self, score: Callable[[], float]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._score = score

    def __call__(
        self,
        model: object,
        output_path: str | None = None,
        epoch: int = -1,
        steps: int = -1,
    ) -> dict[str, float]:
        return {"score": self._score()}


class Epochs(TrainerCallback):
    """Keeps each epoch's figures and the best epoch's weights, and reports progress."""

    def __init__(self, model: SentenceTransformer, progress: Progress) -> None:
        self.history: list[Epoch] = []
        self._model = model
        self._progress = progress
        self._best: tuple[tuple[float, float], int, dict[str, Tensor]] | None = None

    def on_step_end(
        self, args: object, state: TrainerState, control: TrainerControl, **event: Any
    ) -> None:
        if state.global_step % 10 == 0:
            done = state.global_step / state.max_steps
            self._progress("train", done, f"Step {state.global_step} of {state.max_steps}")

    def on_log(
        self,
        args: object,
        state: TrainerState,
        control: TrainerControl,
        **event: Any,
    ) -> None:
        if "loss" in event["logs"]:
            self._entry(state)["training_loss"] = float(event["logs"]["loss"])

    def on_evaluate(
        self,
        args: object,
        state: TrainerState,
        control: TrainerControl,
        **event: Any,
    ) -> None:
        entry = self._entry(state)
        score = float(event["metrics"]["eval_score"])
        loss = event["metrics"].get("eval_loss")
        entry |= {"validation_loss": loss, "validation_score": score}
        done = state.global_step / max(state.max_steps, 1)
        self._progress("validate", done, f"Epoch {entry['epoch']}: validation score {score:.3f}")
        rank = (score, 0.0 if loss is None else -float(loss))
        if self._best is None or rank > self._best[0]:
            weights = {name: value.clone() for name, value in self._model.state_dict().items()}
            self._best = (rank, len(self.history) - 1, weights)

    def keep_best(self) -> int:
        """Give the model its best weights back and return their epoch.

        Without validation the last epoch is taken for the best.
        """
        if self._best is None:
            return int(self.history[-1]["epoch"] or 0)
        _, place, weights = self._best
        self._model.load_state_dict(weights)
        return int(self.history[place]["epoch"] or 0)

    def _entry(self, state: TrainerState) -> Epoch:
        epoch = round(state.epoch or 0)
        if not self.history or self.history[-1]["epoch"] != epoch:
            self.history.append(
                {
                    "epoch": epoch,
                    "training_loss": None,
                    "validation_loss": None,
                    "validation_score": None,
                }
            )
        return self.history[-1]
