"""What the export measures of a model before it rounds its weights."""

import numpy as np

from workers.export.bert_graph import _largest_inputs
from workers.training import base_model

TEXTS = ["where is my parcel", "refund", "hello", "I cannot sign in on my phone since the update"]


def test_the_largest_inputs_are_those_of_the_texts_alone_and_none_of_padding() -> None:
    model = base_model.load(base_model.resolve(""))

    together = _largest_inputs(model, TEXTS)

    alone = [_largest_inputs(model, [text]) for text in TEXTS]
    for name, sizes in together.items():
        largest = np.maximum.reduce([each[name] for each in alone])
        np.testing.assert_allclose(sizes, largest, rtol=1e-4)
