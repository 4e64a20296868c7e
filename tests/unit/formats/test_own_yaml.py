import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.formats.registry import read_path

REPOSITORY = Path(__file__).parents[3]

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
        read_path(path)
    assert str(refused.value) == "\n".join(map(str, refused.value.mistakes))
    return [str(mistake) for mistake in refused.value.mistakes]


def test_a_folder_is_read_completely(faq: Path) -> None:
    draft = read_path(faq)
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
    assert read_path(faq).size == 4


def test_held_out_questions_of_one_intent_may_stand_in_several_files(faq: Path) -> None:
    write(faq / "held_out" / "more.yaml", "vpn:\n  - tunnel down\n")
    assert sorted(read_path(faq).intents["vpn"].held_out) == [
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
    "mapping-as-title": (
        edit(NET, "title: Join the Wi-Fi", "title: {Join: it}"),
        "faq/intents/network.yaml:11: `title` of “wifi” is no text",
    ),
    "list-of-lists": (
        edit(NET, "answer: Ask the desk.", "answer: Ask the desk.\n    variants: [[a, b]]"),
        "faq/intents/network.yaml:11: `variants` of “wifi” is no text",
    ),
    "neither-on-nor-off": (
        edit(NET, "answer: Ask the desk.", "answer: Ask the desk.\n    enabled: maybe"),
        "faq/intents/network.yaml:11: `enabled` of “wifi” is true or false",
    ),
    "title-twice": (
        edit(NET, "answer: Ask the desk.", "answer: Ask the desk.\n    title: Wi-Fi"),
        "faq/intents/network.yaml:14: has a key that stands there twice",
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
        "faq/intents/network.yaml:12: is not YAML: mapping values are not allowed",
    ),
    "tab": (
        edit(HELD, "  - wireless", "\t- wireless"),
        "faq/held_out/network.yaml:4: is not YAML: found character",
    ),
    "a-tag-that-runs-code": (
        edit(NET, "Ask the desk.", "!!python/object/apply:os.getcwd []"),
        "faq/intents/network.yaml:11: intent “wifi” has no answer",
    ),
    "not-utf-8": (
        put("intents/z.yaml", "topic: B\u00fcro\n".encode("latin-1")),
        "faq/intents/z.yaml:1: is not UTF-8 (byte 8)",
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


@pytest.mark.parametrize("written", ["yes", "No", "on", "0123", "12:30", "1.50", "0x1F", "1_000"])
def test_every_value_is_text_as_it_is_written(faq: Path, written: str) -> None:
    put(
        "intents/z.yaml",
        f"topic: {written}\nintents:\n- name: odd\n  title: {written}\n"
        f"  answer: {written}\n  variants: [{written}]\n  utterances: [{written}]\n",
    )(faq)
    draft = read_path(faq).intents["odd"]
    said = (draft.title, draft.topic, draft.answer, *draft.variants, *draft.utterances)
    assert set(said) == {written}


@pytest.mark.parametrize("name", ["yes", "no", "on", "off", "0123", "404", "1.50"])
def test_words_and_numbers_of_yaml_are_names(faq: Path, name: str) -> None:
    edit(NET, "name: wifi", f"name: {name}")(faq)
    edit(HELD, "wifi:", f"{name}:")(faq)
    draft = read_path(faq).intents[name]
    assert (draft.name, draft.held_out) == (name, ["wireless gone"])


@pytest.mark.parametrize(("written", "enabled"), [("Yes", True), ("off", False), ("TRUE", True)])
def test_enabled_is_any_word_of_yaml_for_it(faq: Path, written: str, enabled: bool) -> None:
    edit(NET, "answer: Ask the desk.", f"answer: Ask.\n    enabled: {written}")(faq)
    assert read_path(faq).intents["wifi"].enabled is enabled


def test_all_mistakes_are_named_at_once(faq: Path) -> None:
    for name in ("no-title", "utterance-twice", "held-out-of-an-unknown-intent", "a-list"):
        MISTAKES[name][0](faq)
    assert sorted(m.split(": ")[0] for m in mistakes(faq)) == [
        "faq/held_out/network.yaml:4",
        "faq/intents/network.yaml:10",
        "faq/intents/network.yaml:11",
        "faq/out_of_scope.yaml:1",
    ]


def test_a_folder_without_intents_is_refused(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == [
        f"{tmp_path.name}: is in no format that is known: docs/formats.md lists them"
    ]


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "faq.csv"
    assert mistakes(missing) == [f"{missing}: there is no such file or folder"]


def csv_draft(tmp_path: Path, content: str | bytes) -> CatalogueDraft:
    return read_path(write(tmp_path / "faq.csv", content))


def test_a_csv_is_read_line_by_line(tmp_path: Path) -> None:
    draft = csv_draft(
        tmp_path,
        "text,intent,answer\n"
        "the VPN is down,vpn_problem,Start the client.\n"
        '"VPN drops, always",vpn_problem,\n'
        "no wifi,Join Wi-Fi!,\n",
    )
    vpn, wifi = draft.intents.values()
    assert (vpn.name, vpn.title, vpn.answer) == ("vpn_problem", "Vpn problem", "Start the client.")
    assert vpn.utterances == ["the VPN is down", "VPN drops, always"]
    assert (wifi.name, wifi.title, wifi.answer) == ("join-wi-fi", "Join Wi Fi!", None)
    assert draft.size == 3


def test_articles_of_a_help_centre_need_titles_and_answers_only(tmp_path: Path) -> None:
    draft = csv_draft(
        tmp_path,
        'title,answer,topic\nHow to join Wi-Fi?,"Choose *Guest*.\nThen wait.",Net\n'
        "Über Öffnungszeiten,Nine to five.,\n"
        "ساعات العمل,من التاسعة.,\n",
    )
    wifi, hours, arabic = draft.intents.values()
    assert wifi == IntentDraft(
        "how-to-join-wi-fi", "How to join Wi-Fi?", "Net", "Choose *Guest*.\nThen wait."
    )
    assert (hours.name, hours.title) == ("uber-offnungszeiten", "Über Öffnungszeiten")
    assert re.fullmatch("article-[0-9a-f]{12}", arabic.name)
    assert (arabic.title, arabic.utterances) == ("ساعات العمل", [])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"text,intent\nno wifi,wifi\n", id="plain"),
        pytest.param(b"\xef\xbb\xbftext,intent\r\nno wifi,wifi\r\n", id="byte-order-mark-and-crlf"),
        pytest.param(
            b"id,intent,text,note\n1,wifi,no wifi,x\n", id="more-columns-in-another-order"
        ),
        pytest.param(b"text,intent\nno wifi,wifi\nNo  WIFI,wifi\n", id="harmless-repetition"),
        pytest.param(b'text,intent\n"no\nwifi",wifi\n', id="line-break-in-a-field"),
        pytest.param(b"text,intent\nno wifi,wifi,,\n\n", id="too-many-fields-and-an-empty-line"),
        pytest.param(b"title,answer,text\nWifi,Ask,\nWifi,,no wifi\n", id="article-with-a-text"),
    ],
)
def test_a_csv_of_another_program_is_read_too(tmp_path: Path, content: bytes) -> None:
    assert csv_draft(tmp_path, content).intents["wifi"].utterances == ["no wifi"]


CSV_MISTAKES = {
    "latin-1": (
        "text,intent\nB\u00fcro?,b\n".encode("latin-1"),
        "faq.csv:2: is not UTF-8 (byte 13)",
    ),
    "half-of-utf-16": (b"\xff\xfet", "faq.csv: is not UTF-16 (byte 2)"),
    "empty": (b"", "faq.csv:1: needs a header line with the columns text,intent[,answer]"),
    "no-header": (b"no wifi,wifi\n", "faq.csv:1: needs a header line"),
    "no-intent-column": (b"text,answer\nno wifi,Ask\n", "faq.csv:1: needs a header line"),
    "title-without-answers": (b"title,text\nWifi,no wifi\n", "faq.csv:1: needs a header line"),
    "article-without-answer": (
        b"title,answer\nWifi,\n",
        "faq.csv:2: “wifi” has neither a text nor an answer here",
    ),
    "article-without-title": (b"title,answer\n,Ask\n", "faq.csv:2: “” cannot name an intent"),
    "two-articles-of-one-title": (
        b"title,answer\nWifi,Ask\nWifi,Wait\n",
        "faq.csv:3: “wifi” has another answer already",
    ),
    "two-titles-of-one-name": (
        b"title,answer\nC++,Ask\nC#,Ask\n",
        "faq.csv:3: “C++” and “C#” are one intent, “c”; name it in a column intent",
    ),
    "no-intent": (b"text,intent\nno wifi,\n", "faq.csv:2: “” cannot name an intent"),
    "short-line": (b"text,intent\nno wifi\n", "faq.csv:2: “” cannot name an intent"),
    "unusable-name": (b"text,intent\nno wifi,???\n", "faq.csv:2: “???” cannot name an intent"),
    "long-name": (b"text,intent\nno wifi," + b"x" * 81, "faq.csv:2: “xxx"),
    "blank-text": (b"text,intent\nok,wifi\n ,wifi\n", "faq.csv:3: The text is blank"),
    "nul": (b"text,intent\nno\0wifi,wifi\n", "faq.csv:2: holds a NUL character"),
    "clash": (
        b"text,intent\nit is down,vpn\nnoise,wifi\nIt is DOWN,wifi\n",
        "faq.csv:4: “It is DOWN” belongs to “vpn” (faq.csv:2) and to “wifi”",
    ),
    "endless-field": (
        b'text,intent\n"' + b"x" * 200_000,
        "faq.csv:2: is not a CSV file: field larger",
    ),
}


@pytest.mark.parametrize(("content", "first"), CSV_MISTAKES.values(), ids=CSV_MISTAKES)
def test_a_mistake_in_a_csv_is_named_with_its_line(
    tmp_path: Path, content: bytes, first: str
) -> None:
    assert mistakes(write(tmp_path / "faq.csv", content))[0].startswith(first)


def test_a_huge_csv_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.formats.source.MOST_FILE_BYTES", 10)
    assert (
        "is larger than" in mistakes(write(tmp_path / "faq.csv", "text,intent\nno wifi,wifi\n"))[0]
    )


def test_the_faq_that_comes_with_the_program_has_no_mistakes() -> None:
    draft = read_path(REPOSITORY / "faq_data")
    assert len(draft.intents) == 70
    assert all(len(d.utterances) >= 10 and d.held_out for d in draft.intents.values())
    assert len(draft.out_of_scope) >= 100
