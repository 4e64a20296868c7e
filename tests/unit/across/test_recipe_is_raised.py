"""Nights skip a training whose rows gave a model already, so RECIPE has to say when code changed."""

import ast
import hashlib
from pathlib import Path

from chatbot.services.learning.training_set import RECIPE

TRAINING = Path(__file__).parents[3] / "workers" / "training"
DECIDE = ("batches", "cached_encoder", "losses", "recipe", "scored_pairs", "training_loop")
OF_RECIPE = {12: "5490f280c5d180ae"}
"""What the code was when each recipe was last looked at."""


def digest() -> str:
    """Of what the modules do: comments, docstrings and layout may change."""
    return hashlib.sha256("".join(map(_read, DECIDE)).encode()).hexdigest()[:16]


def _read(module: str) -> str:
    tree = ast.parse((TRAINING / f"{module}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_prose(each)]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def _is_prose(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_a_change_of_training_raises_the_recipe() -> None:
    assert OF_RECIPE.get(RECIPE) == digest(), (
        f"Training code changed. If the same rows give another model now, raise RECIPE in "
        f"chatbot/services/learning/training_set.py; in any case write {digest()!r} here."
    )
