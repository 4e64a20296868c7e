from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.services.knowledge.catalogue_files import read_catalogue_files

INTENTS = """\
# Network
topic: Network
intents:
  - name: vpn
    title: Connect to the VPN
    answer: |
      Start the client.
    utterances:
      - the VPN is down
      - VPN drops
  - name: wifi
    title: Join the Wi-Fi
    answer: Ask the desk.
    utterances: [no wifi, "wifi: slow"]
"""
HELD_OUT = """\
vpn:
  - tunnel broken
wifi:
  - wireless gone
"""
OUT_OF_SCOPE = """\
near:
  - order a laptop
far:
  - tell me a joke
"""


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    """A folder without mistakes."""
    for name, content in {
        "intents/network.yaml": INTENTS,
        "held_out/network.yaml": HELD_OUT,
        "out_of_scope.yaml": OUT_OF_SCOPE,
    }.items():
        write(tmp_path / "faq" / name, content)
    return tmp_path / "faq"


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(InvalidCatalogue) as refused:
        read_catalogue_files(path)
    assert str(refused.value) == "\n".join(map(str, refused.value.mistakes))
    return [str(mistake) for mistake in refused.value.mistakes]


def test_a_folder_is_read_completely(faq: Path) -> None:
    draft = read_catalogue_files(faq)
    vpn, wifi = draft.intents.values()
    assert (vpn.name, vpn.title, vpn.topic) == ("vpn", "Connect to the VPN", "Network")
    assert vpn.answer == "Start the client."
    assert vpn.utterances == ["the VPN is down", "VPN drops"]
    assert vpn.held_out == ["tunnel broken"]
    assert wifi.utterances == ["no wifi", "wifi: slow"]
    assert draft.out_of_scope == ["order a laptop", "tell me a joke"]
    assert draft.size == 8


def test_only_intents_are_needed(faq: Path) -> None:
    (faq / "out_of_scope.yaml").unlink()
    (faq / "held_out" / "network.yaml").unlink()
    assert read_catalogue_files(faq).size == 4


def test_held_out_questions_of_one_intent_may_stand_in_several_files(faq: Path) -> None:
    write(faq / "held_out" / "more.yaml", "vpn:\n  - tunnel down\n")
    assert sorted(read_catalogue_files(faq).intents["vpn"].held_out) == [
        "tunnel broken",
        "tunnel down",
    ]


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(faq: Path) -> None:
        content = (faq / name).read_text()
        assert old in content
        (faq / name).write_text(content.replace(old, new, 1))

    return apply


def put(name: str, content: str | bytes) -> Callable[[Path], object]:
    return lambda faq: write(faq / name, content)


NET, HELD, OUT = "intents/network.yaml", "held_out/network.yaml", "out_of_scope.yaml"
MISTAKES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no-title": (
        edit(NET, "    title: Join the Wi-Fi\n", ""),
        "faq/intents/network.yaml:11: intent “wifi” has no title",
    ),
    "empty-answer": (
        edit(NET, "answer: Ask the desk.", "answer:"),
        "faq/intents/network.yaml:11: intent “wifi” has no answer",
    ),
    "unknown-field": (
        edit(NET, "answer: Ask the desk.", "answer: Ask the desk.\n    anwser: typo"),
        "faq/intents/network.yaml:11: “anwser” is not a field of an intent",
    ),
    "long-answer": (
        edit(NET, "Ask the desk.", "x" * 20_001),
        "faq/intents/network.yaml:11: the answer of “wifi” is longer than 20000",
    ),
    "long-title": (
        edit(NET, "Join the Wi-Fi", "x" * 201),
        "faq/intents/network.yaml:11: the title of “wifi” is longer than 200",
    ),
    "long-topic": (
        edit(NET, "topic: Network", "topic: " + "x" * 81),
        "faq/intents/network.yaml:2: the topic is longer than 80",
    ),
    "no-name": (
        edit(NET, "name: wifi", "label: wifi"),
        "faq/intents/network.yaml:11: an intent needs a `name` of",
    ),
    "bad-name": (
        edit(NET, "name: wifi", "name: Wi Fi"),
        "faq/intents/network.yaml:11: an intent needs a `name` of",
    ),
    "number-as-name": (
        edit(NET, "name: wifi", "name: 404"),
        "faq/intents/network.yaml:11: an intent needs a `name` of",
    ),
    "same-name-twice": (
        put(
            "intents/z.yaml",
            "intents:\n  - name: wifi\n    title: T\n    answer: A\n    utterances: [other]\n",
        ),
        "faq/intents/z.yaml:2: intent “wifi” is defined twice",
    ),
    "intent-is-text": (
        put("intents/z.yaml", "intents:\n  - vpn\n"),
        "faq/intents/z.yaml:2: an intent needs a `name` of",
    ),
    "intents-missing": (
        put("intents/z.yaml", "topic: T\nintent: []\n"),
        "faq/intents/z.yaml:1: needs a list `intents`",
    ),
    "intents-is-a-number": (
        put("intents/z.yaml", "topic: T\nintents: 5\n"),
        "faq/intents/z.yaml:1: needs a list `intents`",
    ),
    "utterances-is-text": (
        edit(NET, 'utterances: [no wifi, "wifi: slow"]', "utterances: no wifi"),
        "faq/intents/network.yaml:11: “wifi” needs a list of questions",
    ),
    "utterance-is-a-number": (
        edit(NET, "- VPN drops", "- 404"),
        "faq/intents/network.yaml:10: “404” is not text; put it in quotes",
    ),
    "utterance-is-yes": (
        edit(NET, "- VPN drops", "- yes"),
        "faq/intents/network.yaml:10: “True” is not text; put it in quotes",
    ),
    "utterance-is-a-mapping": (
        edit(NET, "- VPN drops", "- VPN: drops"),
        "faq/intents/network.yaml:10: ",
    ),
    "blank-utterance": (
        edit(NET, "- VPN drops", '- " "'),
        "faq/intents/network.yaml:10: The text is blank. Send a question.",
    ),
    "long-utterance": (
        edit(NET, "- VPN drops", f"- {'x' * 501}"),
        "faq/intents/network.yaml:10: The text has 501 characters; at most 500 are allowed.",
    ),
    "utterance-twice": (
        edit(NET, "- VPN drops", "- The vpn  is DOWN"),
        "faq/intents/network.yaml:10: “The vpn is DOWN” is there already (faq/intents/network.yaml:9)",
    ),
    "utterance-in-two-intents": (
        edit(NET, "no wifi", "vpn drops"),
        "faq/intents/network.yaml:14: “vpn drops” belongs to “vpn” (faq/intents/network.yaml:10) "
        "and to “wifi”",
    ),
    "held-out-is-an-utterance": (
        edit(HELD, "tunnel broken", "VPN drops"),
        "faq/held_out/network.yaml:2: “VPN drops” is there already (faq/intents/network.yaml:10)",
    ),
    "held-out-of-another-intent": (
        edit(HELD, "wireless gone", "VPN drops"),
        "faq/held_out/network.yaml:4: “VPN drops” belongs to “vpn” (faq/intents/network.yaml:10) "
        "and to “wifi”",
    ),
    "held-out-of-an-unknown-intent": (
        edit(HELD, "wifi:", "wlan:"),
        "faq/held_out/network.yaml:4: there is no intent “wlan” in intents/",
    ),
    "held-out-is-text": (
        put("held_out/z.yaml", "vpn: tunnel down\n"),
        "faq/held_out/z.yaml:1: “vpn” needs a list of questions",
    ),
    "out-of-scope-is-an-utterance": (
        edit(OUT, "tell me a joke", "no WIFI"),
        "faq/out_of_scope.yaml:4: “no WIFI” belongs to “wifi” (faq/intents/network.yaml:14) "
        "and to “out of scope”",
    ),
    "not-yaml": (
        edit(NET, "title: Join the Wi-Fi", "title: Join: the Wi-Fi"),
        "faq/intents/network.yaml:12: is not YAML: mapping values are not allowed here",
    ),
    "tab": (
        edit(HELD, "  - wireless", "\t- wireless"),
        "faq/held_out/network.yaml:4: is not YAML: found character '\\t'",
    ),
    "a-tag-that-runs-code": (
        edit(NET, "Ask the desk.", "!!python/object/apply:os.getcwd []"),
        "faq/intents/network.yaml:13: is not YAML: could not determine a constructor",
    ),
    "not-utf-8": (
        put("intents/z.yaml", "topic: B\u00fcro\n".encode("latin-1")),
        "faq/intents/z.yaml: is not UTF-8 YAML: ",
    ),
    "empty-file": (put("intents/z.yaml", ""), "faq/intents/z.yaml:1: must be a mapping"),
    "a-list": (put(OUT, "- tell me a joke\n"), "faq/out_of_scope.yaml:1: must be a mapping"),
}


@pytest.mark.parametrize(("spoil", "first"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_file_and_line(
    faq: Path, spoil: Callable[[Path], object], first: str
) -> None:
    spoil(faq)
    assert mistakes(faq)[0].startswith(first)


def test_all_mistakes_are_named_at_once(faq: Path) -> None:
    for name in ("no-title", "utterance-twice", "held-out-of-an-unknown-intent", "a-list"):
        MISTAKES[name][0](faq)
    assert sorted(m.split(": ")[0] for m in mistakes(faq)) == [
        "faq/held_out/network.yaml:4",
        "faq/intents/network.yaml:10",
        "faq/intents/network.yaml:11",
        "faq/out_of_scope.yaml:1",
    ]
