"""Repair misspelt words that the FAQ contains: told by word lists, set to the FAQ's nearest word.

The word lists are pyspellchecker's, with some hundred thousand words a language; nothing is
fetched. A word that stands there is never touched, nor is one that the FAQ uses repeatedly.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA
from spellchecker import SpellChecker

from chatbot.domain.language import count_little_words, guess_language

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
_CAPITAL_NOUNS = "de"  # where a capital does not tell a name
_LEAST_LETTERS = 4
_MOST_LETTERS = 40
_LETTERS_FOR_ANOTHER = 6
_LETTERS_FOR_TWO = 8
_TRUSTED = 3  # uses of an unlisted word from which on it is the FAQ's own, not a slip of its writer
_LEAST_RATIO = 5  # that a word must be more frequent than the slip it stands for
_LEAST_SHARE = 0.1  # of the texts, for a language to be the FAQ's
_LEAST_COVERED = 0.7  # of the FAQ's words, for the lists to speak its language
_LOOKED_AT = 2000
_COMMON = 2e-6  # of all words of a language: from here on everybody uses it
_CLOSE = 5
_REMEMBERED = 2**14

_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_AROUND = ".,;:!?¿¡\"'“”‘’«»„()[]{}<>*-–—…"


@dataclass(frozen=True)
class Spelling:
    """The number of times that the FAQ uses each word, and the languages its texts seem to be in.

    Words of texts that are gone stay: a word that nobody uses any more repairs a slip, at worst,
    to what the FAQ lately said.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)

    def extended(self, texts: Iterable[str]) -> Self:
        """Return what is known with `texts` in addition."""
        counts, languages = Counter(self.counts), Counter(self.languages)
        for text in texts:
            counts.update(words_of(text))
            languages[guess_language(text)] += 1
        return type(self)(counts, languages)

    def repair(self, text: str) -> str:
        """Return `text`, one line, with the FAQ's words for what seems a slip of one of them.

        Names, codes and words of fewer than four letters stay, and so does all of a text in another
        language than the FAQ's or in one without a word list.
        """
        slips = [found for found in _TOKEN.finditer(text) if self._may_be_slip(found, text)]
        if not slips or not self._choices or not self._is_ours(text):
            return text
        parts, done = [], 0
        for found in slips:
            parts += [text[done : found.start()], self._repaired(found[0])]
            done = found.end()
        return "".join([*parts, text[done:]])

    def _may_be_slip(self, found: re.Match[str], text: str) -> bool:
        """Return whether a token is a word, no name, and unknown."""
        token = found[0]
        if not _LEAST_LETTERS <= len(token) <= _MOST_LETTERS or self._is_right(token):
            return False
        bare = token.strip(_AROUND)
        if len(bare) < _LEAST_LETTERS or not _WORD.fullmatch(bare):
            return False
        named = found.start() > 0 and bare[0].isupper() and _CAPITAL_NOUNS not in self._spoken
        if (named or bare[1:] != bare[1:].lower()) and not text.isupper():
            return False
        return not self._is_right(bare.casefold())

    def _repaired(self, token: str) -> str:
        bare = token.strip(_AROUND)
        better = self._nearest(bare.casefold())
        return token.replace(bare, _in_case_of(bare, better)) if better else token

    def _is_right(self, word: str) -> bool:
        return self.counts.get(word, 0) >= _TRUSTED or is_listed(word, self._spoken)

    def _nearest(self, word: str) -> str | None:
        """The likeliest of the FAQ's words within one slip, or two in long words."""
        most = 2 if len(word) >= _LETTERS_FOR_TWO else 1
        found = process.extract(
            word, self._choices, scorer=OSA.distance, score_cutoff=most, limit=_CLOSE
        )
        least = max(1, _LEAST_RATIO * self.counts.get(word, 0))
        likely = [
            (distance, choice[0] != word[0], -self.counts[choice], choice)
            for choice, distance, _ in found
            if self.counts[choice] >= least and _is_slip(word, choice, distance)
        ]
        return min(likely)[3] if likely else None

    def _is_ours(self, text: str) -> bool:
        votes = count_little_words(text)
        ours = max((votes.get(language, 0) for language in self._spoken), default=0)
        return max(votes.values(), default=0) <= max(ours, 1)

    @cached_property
    def is_judge(self) -> bool:
        """True if the lists speak the FAQ's language: what they lack is unusual then."""
        words = (word for word in self.counts if len(word) >= _LEAST_LETTERS)
        looked_at = list(islice(words, _LOOKED_AT))
        listed = sum(is_listed(word, self._spoken) for word in looked_at)
        return listed >= _LEAST_COVERED * len(looked_at)

    def is_common(self, word: str) -> bool:
        """Return whether everybody uses a folded `word`, in one of the FAQ's languages."""
        return is_listed(word, self._spoken, common=True)

    @cached_property
    def _spoken(self) -> tuple[str, ...]:
        """The languages of the FAQ that there are lists for; English words are used everywhere."""
        clear = sum(self.languages.get(language, 0) for language in LANGUAGES)
        least = _LEAST_SHARE * clear
        return tuple(
            language
            for language in LANGUAGES
            if language == "en" or self.languages.get(language, 0) > least
        )

    @cached_property
    def _choices(self) -> list[str]:
        """The words to repair to; none if the lists do not speak the FAQ's language."""
        if not self.is_judge:
            return []
        return [w for w in self.counts if len(w) >= _LEAST_LETTERS and self._is_right(w)]


def words_of(text: str) -> list[str]:
    """Return the folded words of `text`: letters, with apostrophes between them."""
    return _WORD.findall(text.casefold())


def _in_case_of(written: str, word: str) -> str:
    if written.isupper():
        return word.upper()
    return word.capitalize() if written[0].isupper() else word


def _is_slip(word: str, meant: str, distance: int) -> bool:
    """Return whether fingers or ears would make `word` of `meant`, which is `distance` edits away.

    Two slips leave the first letter alone. In a short word another letter makes another word
    (“wlan” and “plan”); one too few, one too many and two that changed places do not.
    """
    if distance > 1:
        return meant[0] == word[0]
    return (
        len(word) >= _LETTERS_FOR_ANOTHER
        or len(word) != len(meant)
        or sorted(word) == sorted(meant)
    )


@lru_cache(maxsize=_REMEMBERED)
def is_listed(word: str, languages: tuple[str, ...], common: bool = False) -> bool:
    """Return whether a folded `word` stands in the list of one of `languages`, as a common one."""
    hashed = hash(word)
    for language in languages:
        words = _lists(language)
        listed = words.common if common else words.all
        place = int(listed.searchsorted(hashed))
        if place < len(listed) and listed[place] == hashed:
            return True
    return False


class _Lists(NamedTuple):
    """Hashes of words, sorted: a hundredth of the memory that a set of strings takes."""

    all: NDArray[np.int64]
    common: NDArray[np.int64]


@lru_cache
def _lists(language: str) -> _Lists:
    counts = SpellChecker(language=language, distance=1).word_frequency
    least = _COMMON * counts.total_words
    common = (word for word, count in counts.items() if count >= least)
    return _Lists(_hashes(counts.words()), _hashes(common))


def _hashes(words: Iterable[str]) -> NDArray[np.int64]:
    hashes = np.fromiter(map(hash, words), np.int64)
    hashes.sort()
    return hashes
