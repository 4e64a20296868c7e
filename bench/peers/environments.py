"""One virtual environment per peer, because their requirements contradict each other and ours.

Each is made under `FOLDER/<peer>/venv`; `FOLDER/<peer>/status.json` says what became of it, and
`install.log` beside it what pip said. A peer that is installed with the same requirements is left
alone; one that cannot be installed is reported with pip's error and does not stop the others.
"""

import argparse
import json
import shutil
import subprocess
import venv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO

from bench.peers import FOLDER, SOURCES, known, python

ERROR_LINES = 8


@dataclass(frozen=True)
class Status:
    """The state of an environment; `requirements` is the digest of what was asked for."""

    installed: bool
    requirements: str
    versions: dict[str, str] = field(default_factory=dict)
    error: str | None = None


def run() -> None:
    names = list(known())
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("names", nargs="*", help=f"of {', '.join(names)}; all of them if not given")
    made.add_argument("--folder", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    arguments = made.parse_args()
    if unknown := set(arguments.names) - set(names):
        made.error(f"no such peer: {', '.join(sorted(unknown))}")
    statuses = {name: _ensure(name, arguments.folder) for name in arguments.names or names}
    if not all(status.installed for status in statuses.values()):
        raise SystemExit(1)


def read_status(name: str, folder: Path = FOLDER) -> Status | None:
    """Return the state of the peer's environment; None if it was never made."""
    path = folder / name / "status.json"
    return Status(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _ensure(name: str, folder: Path) -> Status:
    requirements = SOURCES / name / "requirements.txt"
    digest = sha256(requirements.read_bytes()).hexdigest()
    before = read_status(name, folder)
    if before and before.installed and before.requirements == digest:
        print(f"{name}: installed already")
        return before
    status = _install(name, folder, requirements, digest)
    (folder / name / "status.json").write_text(json.dumps(asdict(status), indent=1) + "\n")
    print(f"{name}: {status.error or 'installed'}")
    return status


def _install(name: str, folder: Path, requirements: Path, digest: str) -> Status:
    shutil.rmtree(folder / name, ignore_errors=True)
    venv.create(folder / name / "venv", with_pip=True)
    log = folder / name / "install.log"
    with log.open("w", encoding="utf-8") as output:
        for arguments in ([_torch(requirements)], ["-r", str(requirements)]):
            if not _pip(name, folder, ["install", "--progress-bar", "off", *arguments], output):
                return Status(False, digest, error=_last_error(log))
    return Status(True, digest, versions=_versions(name, folder))


def _torch(requirements: Path) -> str:
    """The pin of torch, which goes first and alone: then no range can pick another build."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("torch=="))


def _pip(name: str, folder: Path, arguments: Sequence[str], output: IO[str]) -> bool:
    command = [str(python(name, folder)), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    return done.returncode == 0


def _last_error(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    first = (i for i, line in enumerate(lines) if line.startswith("ERROR:"))
    return "\n".join(lines[next(first, -ERROR_LINES) :][-ERROR_LINES:])


def _versions(name: str, folder: Path) -> dict[str, str]:
    command = [str(python(name, folder)), "-m", "pip", "list", "--format", "json"]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return {package["name"]: package["version"] for package in json.loads(listed)}


if __name__ == "__main__":
    run()
