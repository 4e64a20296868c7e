"""README's commands, as a reader would run them, and what it says that they print.

A step is one block of shell commands, with the block of JSON that may follow it: what the commands
print, shortened by “…”. Blocks that call `make` are for installing and measuring, and left out.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from waiting import PATIENCE

README = Path(__file__).parents[1] / "README.md"
FROM_ONE_RUN_TO_ANOTHER = {"query_id", "id", "at", "by", "generation", "probability"}

_BLOCK = re.compile(r"^```(bash|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STRING_OR_ELLIPSIS = re.compile(r'"(?:[^"\\]|\\.)*"|(?:,\s*)?…')
_NUMBER = re.compile(r"\d+")
_END = "--- end of the command, status"


@dataclass
class Step:
    """Commands in their order, and the JSON that they are said to print."""

    commands: list[str]
    shown: list[Any] = field(default_factory=list)


def read_steps(markdown: str) -> list[Step]:
    """Read all blocks of commands but those that call `make`."""
    steps: list[Step] = []
    follows = False
    for kind, content in _BLOCK.findall(markdown):
        if kind == "bash":
            commands = list(split_commands(content))
            follows = not any(command.startswith("make ") for command in commands)
            if follows:
                steps.append(Step(commands))
        elif follows:
            steps[-1].shown += [parse_shown(line) for line in content.splitlines() if line.strip()]
    return steps


def split_commands(block: str) -> Iterator[str]:
    """Split a block where bash has a complete command; raises ValueError if the last is not."""
    command = ""
    for line in block.splitlines():
        command += line + "\n"
        if not line.endswith("\\") and _is_complete(command):
            if command.strip():
                yield command.strip()
            command = ""
    if command.strip():
        raise ValueError(f"bash does not understand: {command}")


def _is_complete(command: str) -> bool:
    checked = subprocess.run(["bash", "-n", "-c", command], capture_output=True, check=False)
    return checked.returncode == 0


def parse_shown(line: str) -> Any:
    """Read JSON whose members and elements may be left out as “…”."""
    return json.loads(_STRING_OR_ELLIPSIS.sub(lambda m: m[0] if m[0].startswith('"') else "", line))


def compare(shown: Any, printed: Any, where: str = "") -> Iterator[str]:
    """Say what README shows otherwise than it is printed.

    What it leaves out is not compared, nor what differs from one run to another. Whom a question
    that is handed over was nearest to is not promised.
    """
    if isinstance(shown, dict) and isinstance(printed, dict):
        handed_over = shown.get("decision") == "handoff"
        for name in shown.keys() - FROM_ONE_RUN_TO_ANOTHER - {"candidates" if handed_over else ""}:
            if name in printed:
                yield from compare(shown[name], printed[name], f"{where}.{name}")
            else:
                yield f"{where}.{name} is missing"
    elif isinstance(shown, list) and isinstance(printed, list):
        if len(printed) < len(shown):
            yield f"{where} has {len(printed)} elements, not {len(shown)}"
        for number, (one, other) in enumerate(zip(shown, printed, strict=False)):
            yield from compare(one, other, f"{where}[{number}]")
    elif not _are_alike(shown, printed, is_message=where.endswith(".message")):
        yield f"{where} is {printed!r}, not {shown!r}"


def _are_alike(shown: Any, printed: Any, is_message: bool) -> bool:
    if not (isinstance(shown, str) and isinstance(printed, str)):
        return bool(shown == printed)
    if is_message:
        return _outcome(shown) == _outcome(printed)
    pattern = ".*".join(map(re.escape, shown.split("…")))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def _outcome(message: str) -> str:
    """“Version # is promoted” of a message that goes on with figures."""
    return _NUMBER.sub("#", re.split(r"[:(]", message)[0]).strip()


class Shell:
    """One bash, as a reader has it open."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[int, list[str]]:
        """Status and printed lines of a command, which may set variables for later ones."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(
            f"{{\n{command}\n}} </dev/null\nprintf '\\n%s %s\\n' '{_END}' $?\n"
        )
        self.process.stdin.flush()
        printed: list[str] = []
        for line in self.process.stdout:
            if line.startswith(_END):
                return int(line.removeprefix(_END)), printed
            printed.append(line.rstrip("\n"))
        raise AssertionError(f"bash ended at: {command}\n" + "\n".join(printed))

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(PATIENCE)


def printed_json(lines: list[str]) -> list[dict[str, Any]]:
    """What an API printed, one reply a line."""
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
