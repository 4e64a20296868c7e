"""semantic-router: one route per intent, its own local encoder, its own index in memory.

Of its two local encoders, HuggingFaceEncoder has less around the model than LocalEncoder, so it is
the faster one. The router keeps its defaults: the mean of the five nearest utterances decides.
"""

from collections import defaultdict
from pathlib import Path

from flask import Flask
from semantic_router import IndexedRouter, Route
from semantic_router.encoders import HuggingFaceEncoder

from bench.peers import read_catalogue
from bench.peers.flask_app import build


def make(model: str, catalogue: str) -> Flask:
    utterances: defaultdict[str, list[str]] = defaultdict(list)
    for text, intent in read_catalogue(Path(catalogue)):
        utterances[intent].append(text)
    router = IndexedRouter(
        encoder=HuggingFaceEncoder(name=model, device="cpu"),
        routes=[Route(name=intent, utterances=texts) for intent, texts in utterances.items()],
    )
    return build(lambda text: router(text).name)
