#!/bin/sh
# pyspellchecker 0.9.1: the English counts are no frequencies of rare words.
#
# Two thirds of the 160,572 words of its English list have one and the same count, 50: a floor for words
# that are listed but were hardly seen. Weekdays and months lie near it, because the corpus wrote
# them with capitals and only what was lower case was counted: "monday" and "january" come out
# rarer than "walrus". Who takes a low count for a rare word, as one would to find names, takes
# "Monday" and "January" for names; a spell checker offers the walrus first.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pyspellchecker==0.9.1"
"$folder/venv/bin/python" - <<'PYTHON'
from collections import Counter
from importlib.metadata import version

from spellchecker import SpellChecker

words = SpellChecker(language="en").word_frequency
count, alike = Counter(n for _, n in words.items()).most_common(1)[0]
share = alike / words.unique_words
print(f"pyspellchecker {version('pyspellchecker')}: {words.unique_words} English words")
print(f"{alike} of them ({share:.0%}) have the same count, {count}")
print({word: words[word] for word in ("monday", "january", "walrus", "english")})
assert count == 50 and 0.6 < share < 0.7
assert words["monday"] < words["walrus"] and words["january"] < words["walrus"]
assert words["english"] > 10_000
PYTHON
