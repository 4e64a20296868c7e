"""How README's blocks are read and compared; `tests/e2e/test_readme.py` runs them."""

import json
from pathlib import Path

import pytest

from readme import README, Shell, Step, compare, parse_shown, printed_json, read_steps

PRINTED = {
    "query_id": "0123",
    "decision": "answer",
    "answer": {"intent": "vpn", "title": "VPN", "body": "Start it.\nThen wait."},
    "candidates": [{"intent": "vpn", "probability": 0.9}, {"intent": "wifi", "probability": 0.1}],
    "model_version": 2,
    "message": "Version 12 is promoted: It answers 7 more.",
}


def found(shown: str) -> list[str]:
    return list(compare(parse_shown(shown), PRINTED))


@pytest.mark.parametrize(
    "shown",
    [
        '{"query_id": "de90…", "decision": "answer", …}',
        '{"answer": {"intent": "vpn", "body": "Start it.…"}, "model_version": 2}',
        '{"candidates": [{"intent": "vpn", "probability": 0.5}, …]}',
        '{"candidates": [{"intent": "vpn", …}]}',
        '{"message": "Version 3 is promoted: It answers 12 more of 100."}',
    ],
)
def test_what_differs_from_run_to_run_or_is_left_out_is_alike(shown: str) -> None:
    assert found(shown) == []


@pytest.mark.parametrize(
    ("shown", "difference"),
    [
        ('{"decision": "handoff"}', ".decision is 'answer', not 'handoff'"),
        ('{"answer": null}', ".answer is {"),
        ('{"answer": {"body": "Stop it.…"}}', ".answer.body is 'Start it."),
        ('{"candidates": [{"intent": "wifi"}, …]}', ".candidates[0].intent is 'vpn', not 'wifi'"),
        ('{"candidates": [{}, {}, {}]}', ".candidates has 2 elements, not 3"),
        ('{"model_version": 1}', ".model_version is 2, not 1"),
        ('{"state": "done"}', ".state is missing"),
        ('{"message": "Version 3 is not promoted (too few)."}', ".message is 'Version 12"),
    ],
)
def test_what_is_otherwise_is_named(shown: str, difference: str) -> None:
    [named] = found(shown)
    assert named.startswith(difference)


def test_of_a_hand_off_the_nearest_intents_are_not_compared() -> None:
    shown = parse_shown('{"decision": "handoff", "candidates": [{"intent": "x"}, …]}')
    assert list(compare(shown, {"decision": "handoff", "candidates": []})) == []


def test_blocks_are_steps_of_whole_commands_with_what_they_print() -> None:
    text = """
```bash
make run
```
```json
{"made": 1}
```
```bash
A=1  # a comment
for n in 1 2; do
  echo $n
done
echo one \\
  two
```
```json
{"n": 1, …}
{"n": [2, …]}
```
"""
    commands = ["A=1  # a comment", "for n in 1 2; do\n  echo $n\ndone", "echo one \\\n  two"]
    assert read_steps(text) == [Step(commands, [{"n": 1}, {"n": [2]}])]


def test_a_command_that_bash_does_not_understand_is_refused() -> None:
    with pytest.raises(ValueError, match="for n in"):
        read_steps("```bash\nfor n in 1 2; do\n```\n")


def test_all_of_readme_can_be_read() -> None:
    steps = read_steps(README.read_text(encoding="utf-8"))
    commands = [command for step in steps for command in step.commands]
    assert sum("call " in command for command in commands) >= 5
    assert sum(command.startswith("chatbot ") for command in commands) >= 5
    assert any(step.shown for step in steps)


def test_a_shell_keeps_variables_and_tells_the_status(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {"PATH": "/usr/bin:/bin"})
    try:
        assert shell.run('A=5; show() { echo "{\\"a\\": $1}"; }')[0] == 0
        status, lines = shell.run("show $A  # a comment\ncat")
        assert (status, printed_json(lines)) == (0, [json.loads('{"a": 5}')])
        assert shell.run("false")[0] == 1
        assert shell.run("echo oops >&2; pwd")[1][:2] == ["oops", str(tmp_path)]
    finally:
        shell.close()
