"""SetFit's `predict`: a sentence-transformers body and a logistic-regression head.

Only the head is fitted, on the catalogue's embeddings. Fine-tuning the body would take minutes and
change the answers, not the time that an answer takes, which is what is measured.
"""

from pathlib import Path

from flask import Flask
from setfit import SetFitModel

from bench.peers import read_catalogue
from bench.peers.flask_app import build


def make(model: str, catalogue: str) -> Flask:
    texts, intents = zip(*read_catalogue(Path(catalogue)), strict=True)
    classifier = SetFitModel.from_pretrained(model, device="cpu", head_params={"max_iter": 1000})
    embedded = classifier.model_body.encode(list(texts), show_progress_bar=False)
    classifier.model_head.fit(embedded, intents)

    def match(text: str) -> str:
        return str(classifier.predict(text, show_progress_bar=False))

    return build(match)
