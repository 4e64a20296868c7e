#!/bin/sh
# RapidFuzz 3.14.6: utils.default_process takes words of Hindi, Thai and Tamil apart, and C++, C# and C together.
#
# It is what most scorers of fuzzywuzzy did by themselves, and what RapidFuzz offers for the same since its
# version 3 compares texts as they stand. It puts a blank for each character that is no letter or digit, and
# vowel signs and tone marks are neither: "password" becomes three words in Hindi and in Thai, four in
# Tamil, and Thai "not" loses its tone. "C++" and "C#" become "c" and are 100 alike with every scorer. Of
# "???" and "!!!" nothing is left; ratio then says 100, WRatio and token_set_ratio say 0. A helpdesk bot
# that mends slips or finds duplicates meets all three: languages, product names, and messages of
# punctuation alone.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "RapidFuzz==3.14.6"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

PASSWORD = {"Hindi": "पासवर्ड", "Thai": "รหัสผ่าน", "Tamil": "கடவுச்சொல்", "Greek": "κωδικός", "Korean": "비밀번호"}
SCORERS = (fuzz.ratio, fuzz.WRatio, fuzz.token_set_ratio)
print(f"RapidFuzz {version('RapidFuzz')}, default_process of one word, “password”:")
pieces = {}
for language, word in PASSWORD.items():
    pieces[language] = len(default_process(word).split())
    print(f"  {language} {word} → {default_process(word)!r}, {pieces[language]} words")
print("  Thai “not”: ไม่ →", default_process("ไม่"))
scores = {}
for one, other in (("C++", "C#"), ("???", "!!!")):
    scores[one, other] = [scorer(one, other, processor=default_process) for scorer in SCORERS]
    print(f"{one} and {other}:", dict(zip((scorer.__name__ for scorer in SCORERS), scores[one, other], strict=True)))
assert all(pieces[language] >= 3 for language in ("Hindi", "Thai", "Tamil"))
assert default_process("ไม่") == "ไม"
assert pieces["Greek"] == pieces["Korean"] == 1
assert scores["C++", "C#"] == [100, 100, 100] and scores["???", "!!!"] == [100, 0, 0]
PYTHON
