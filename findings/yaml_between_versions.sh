#!/bin/sh
# PyYAML 6.0.3 and ruamel.yaml 0.19.1: texts that each writes without quotes are no texts to the other.
#
# Everybody knows that YAML 1.1 reads an unquoted "no" as false, and trusts a library to quote it when it
# writes. Each quotes only what its own version of YAML would misread. PyYAML, which follows 1.1, writes the
# texts 1e3, 12e4, 0o17 and 08 bare; a reader of 1.2 gets the numbers 1000, 120000, 15 and 8. ruamel.yaml,
# which follows 1.2, writes yes, on, no, 12:30 and 190:20:30 bare; PyYAML gets True, True, False, 750 and
# 685230. Rasa reads and writes its training data with ruamel.yaml as YAML 1.2, scripts around it use
# PyYAML, and intents named "yes", opening hours and error codes or rooms such as 12e4 change on the way,
# from files that neither side wrote by hand.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "PyYAML==6.0.3" "ruamel.yaml==0.19.1"
"$folder/venv/bin/python" - <<'PYTHON'
import io
from importlib.metadata import version

import yaml
from ruamel.yaml import YAML

TEXTS = ["1e3", "12e4", "0o17", "08", "yes", "on", "no", "12:30", "190:20:30"]
newer = YAML(typ="safe", pure=True)
newer.default_flow_style = False
stream = io.StringIO()
newer.dump({"texts": TEXTS}, stream)
older_wrote, newer_wrote = yaml.safe_dump({"texts": TEXTS}), stream.getvalue()
assert yaml.safe_load(older_wrote)["texts"] == newer.load(newer_wrote)["texts"] == TEXTS
from_older = dict(zip(TEXTS, newer.load(older_wrote)["texts"], strict=True))
from_newer = dict(zip(TEXTS, yaml.safe_load(newer_wrote)["texts"], strict=True))
changed = [{text: value for text, value in way.items() if value != text} for way in (from_older, from_newer)]
print(f"PyYAML {version('PyYAML')}, ruamel.yaml {version('ruamel.yaml')}; each reads its own files right")
print("PyYAML wrote, ruamel.yaml read:", changed[0])
print("ruamel.yaml wrote, PyYAML read:", changed[1])
assert changed[0] == {"1e3": 1000, "12e4": 120_000, "0o17": 15, "08": 8}
assert changed[1] == {"yes": True, "on": True, "no": False, "12:30": 750, "190:20:30": 685_230}
PYTHON
