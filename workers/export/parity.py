"""Compare an exported encoder with the trained one: by its vectors, and by its answers.

Distances are in units of the texts' spread, which is their mean distance from their own centre.
The vectors of some models (E5) all lie in a narrow cone, where a cosine of 0.99 is far off; others
use the whole sphere. In these units the same rounding gives the same figures for both.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Rows = NDArray[np.float32]

MOST_NOISE = 0.004
"""Mean distance of a text's two vectors. Healthy int8 exports have 0.0006 to 0.0017, one lost bias
0.0046 or more, a product whose weights are permuted 0.01 to 0.5 (decision 0029)."""

MOST_NOISE_OF_WORST = 0.01
"""The same for the worst of 95 % of the texts: at most 0.0022, and 0.0074 or more."""

CLEAR_MARGIN = 0.03
"""How much nearer than any other intent the nearest must be for its loss not to be a toss-up, in
units of the spread. Healthy exports lose margins of up to 0.02 or so; broken ones up to 0.4."""

CHANCE = 0.001
"""At most this share of the clear texts may change their intent, the rest of it be chance."""

SIGNIFICANCE = 0.001

_LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Parity:
    """The agreement of an exported encoder with the trained one on `rows` texts.

    `noise` and `noise_of_worst` are the mean and the 95 % quantile of the distance between the two
    vectors of a text, in units of the texts' spread; the cosines are of the same pairs.
    `agreement` is the share of texts whose nearest other text has the same intent for both. Of the
    `clear` texts, whose nearest is no toss-up, `clear_flips` get another intent.
    """

    noise: float
    noise_of_worst: float
    mean_cosine: float
    lowest_cosine: float
    agreement: float
    clear: int
    clear_flips: int
    rows: int

    def objection(self) -> str | None:
        """Return why this encoder must not stand for the trained one, in a sentence; None if it
        may.
        """
        if not np.isfinite(self.noise):
            return "its vectors are not finite"
        if self.noise > MOST_NOISE:
            return (
                f"its vectors are {self.noise:.4f} of the texts' spread from the trained ones on "
                f"average, at most {MOST_NOISE} is allowed"
            )
        if self.noise_of_worst > MOST_NOISE_OF_WORST:
            return (
                f"one text in twenty is {self.noise_of_worst:.4f} of the texts' spread from its "
                f"trained vector or more, at most {MOST_NOISE_OF_WORST} is allowed"
            )
        if binom.sf(self.clear_flips - 1, self.clear, CHANCE) < SIGNIFICANCE:
            return (
                f"it finds another intent for {self.clear_flips} of {self.clear} texts whose "
                "intent is no toss-up, which is more than chance"
            )
        return None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(trained: Rows, served: Rows, intents: Sequence[str]) -> Parity:
    """Compare two encoders' vectors, (texts, dimension) of length one, of the same texts.

    `intents` has the intent of each text; the texts should be at least a handful, and not all
    alike, or their spread says nothing.
    """
    cosines = (trained * served).sum(axis=1)
    centre = trained.mean(axis=0)
    spread = max(1 - float(centre @ centre), _LEAST_SPREAD)
    noise = (1 - cosines) / spread
    codes = np.unique(np.asarray(intents), return_inverse=True)[1]
    nearest, margins = _nearest_intents(trained, codes)
    flips = nearest != _nearest_intents(served, codes)[0]
    is_clear = margins > CLEAR_MARGIN * spread
    return Parity(
        noise=float(noise.mean()),
        noise_of_worst=float(np.quantile(noise, 0.95)),
        mean_cosine=float(cosines.mean()),
        lowest_cosine=float(cosines.min()),
        agreement=float(1 - flips.mean()),
        clear=int(is_clear.sum()),
        clear_flips=int((flips & is_clear).sum()),
        rows=len(trained),
    )


def _nearest_intents(rows: Rows, codes: NDArray[np.intp]) -> tuple[NDArray[np.intp], Rows]:
    """The intent of each row's nearest other row, and how much nearer it is than any other intent.

    A single row is its own nearest; what has no other intent beside it has a margin of infinity.
    """
    similarity = rows @ rows.T
    if len(rows) > 1:
        np.fill_diagonal(similarity, -np.inf)
    nearest = codes[similarity.argmax(axis=1)]
    others = np.where(codes[None, :] == nearest[:, None], -np.inf, similarity)
    return nearest, similarity.max(axis=1) - others.max(axis=1)
