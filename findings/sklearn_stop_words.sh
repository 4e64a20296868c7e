#!/bin/sh
# scikit-learn 1.9.1: for its English stop words, "my system is down" is an empty text.
#
# TfidfVectorizer(stop_words="english") drops 318 words, and not only articles and pronouns: among them are
# "system", "bill", "call", "fire", "find", "fill", "describe", "amount", "empty" and "full". Of eight whole
# messages to a helpdesk not one word is left, so their vectors are zero, every cosine is 0, and whoever
# takes the best intent with argmax gets the first one of the list. TF-IDF is what an FAQ bot is compared
# with, or falls back on. "IT" goes too, being a pronoun in lower case.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "scikit-learn==1.9.1"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

FAQ = ["cancel a subscription", "my system is down", "where do I find my bill", "printer jams"]
MESSAGES = [
    "My system is down", "I cannot find the bill", "Where is my bill?", "Call me back", "There is a fire",
    "Who can fill this in for me?", "Please describe the full amount", "IT",
]
words_of = TfidfVectorizer(stop_words="english").build_analyzer()
left = {message: words_of(message) for message in MESSAGES}
vectors = TfidfVectorizer(stop_words="english").fit(FAQ)
cosines = (vectors.transform(["my system is down"]) @ vectors.transform(FAQ).T).toarray()[0]
print(f"scikit-learn {version('scikit-learn')}: {len(ENGLISH_STOP_WORDS)} English stop words")
print("words left:", left)
print("cosine of the FAQ's own text with the FAQ:", cosines.tolist(), "→", FAQ[cosines.argmax()])
assert len(ENGLISH_STOP_WORDS) == 318 and not any(left.values())
assert not cosines.any() and FAQ[cosines.argmax()] == "cancel a subscription"
PYTHON
