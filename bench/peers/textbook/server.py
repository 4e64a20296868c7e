"""The way of tutorials: encode with sentence-transformers, compare with every utterance.

Torch in float32, as installed; exact search is one matrix product over normalised vectors, which
for ten thousand utterances is small beside the encoder.
"""

from pathlib import Path

import numpy as np
from flask import Flask
from sentence_transformers import SentenceTransformer

from bench.peers import read_catalogue
from bench.peers.flask_app import build


def make(model: str, catalogue: str) -> Flask:
    encoder = SentenceTransformer(model, device="cpu")
    texts, intents = zip(*read_catalogue(Path(catalogue)), strict=True)
    vectors = encoder.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)

    def match(text: str) -> str:
        asked = encoder.encode(text, normalize_embeddings=True, show_progress_bar=False)
        return str(intents[int(np.argmax(vectors @ asked))])

    return build(match)
