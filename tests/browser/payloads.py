"""Two hundred texts that try to run a script."""

from pathlib import Path

_LINES = Path(__file__).with_name("xss_payloads.txt").read_text(encoding="utf-8").splitlines()
PAYLOADS = [line for line in _LINES if line and not line.startswith("##")]
