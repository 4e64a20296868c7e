#!/bin/sh
# hnswlib 0.8.0: one vector that stands there 300 times makes all the others hard to find.
#
# Among 2,000 vectors of 64 numbers, with M 16, ef_construction 200 and ef 128, 300 questions find 99.8 % of
# their ten nearest. Beside 300 copies of one more vector it is 87 %, for questions that have nothing to do
# with it; 100 copies do no harm. Nothing is raised or logged, and one would guess that copies only crowd
# each other. A larger ef helps (512: all are found, of 1,000 copies 98 %), but who measured recall before
# the copies came has no reason to look again. An index of what people asked holds such texts: "hello",
# "test", "reset password", with the same vector each time.
#
# Prints what it saw, and fails if that changes. Compiles hnswlib: needs a C++ compiler.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
HNSWLIB_NO_NATIVE=1 "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "hnswlib==0.8.0" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import hnswlib
import numpy as np

random = np.random.default_rng(0)


def unit_vectors(count):
    vectors = random.normal(size=(count, 64)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


others, questions, repeated = unit_vectors(2000), unit_vectors(300), unit_vectors(1)


def recall(copies, ef):
    """The share of the ten answers that are as near as the true tenth."""
    vectors = np.vstack([others, repeated.repeat(copies, axis=0)])
    index = hnswlib.Index(space="cosine", dim=64)
    index.init_index(max_elements=len(vectors), M=16, ef_construction=200, random_seed=100)
    index.add_items(vectors, num_threads=1)
    index.set_ef(ef)
    labels, _ = index.knn_query(questions, k=10, num_threads=1)
    cosines = questions @ vectors.T
    found = np.take_along_axis(cosines, labels.astype(int), axis=1)
    return float(np.mean(found >= np.sort(cosines, axis=1)[:, -10:-9] - 1e-6))


print(f"hnswlib {version('hnswlib')}: recall@10 of 300 questions among 2,000 vectors and copies of one more")
seen = {}
for copies in (0, 100, 300, 1000):
    seen[copies] = {ef: round(recall(copies, ef), 3) for ef in (128, 512)}
    print(f"{copies} copies:", ", ".join(f"{share} with ef {ef}" for ef, share in seen[copies].items()))
assert seen[0][128] > 0.99 and seen[100][128] > 0.98 and seen[300][128] < 0.92
assert seen[300][512] > 0.99 > seen[1000][512]
PYTHON
