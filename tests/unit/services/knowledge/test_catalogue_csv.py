import re
from pathlib import Path

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.services.knowledge.catalogue_draft import CatalogueDraft, IntentDraft
from chatbot.services.knowledge.catalogue_files import read_catalogue_files


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(InvalidCatalogue) as refused:
        read_catalogue_files(path)
    assert str(refused.value) == "\n".join(map(str, refused.value.mistakes))
    return [str(mistake) for mistake in refused.value.mistakes]


def csv_draft(tmp_path: Path, content: str | bytes) -> CatalogueDraft:
    return read_catalogue_files(write(tmp_path / "faq.csv", content))


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
    "latin-1": ("text,intent\nB\u00fcro?,b\n".encode("latin-1"), "faq.csv: is not UTF-8 (byte 13)"),
    "utf-16": ("text,intent\n".encode("utf-16"), "faq.csv: is not UTF-8 (byte 0)"),
    "empty": (b"", "faq.csv:1: needs a header line with the columns text,intent[,answer]"),
    "no-header": (b"no wifi,wifi\n", "faq.csv:1: needs a header line"),
    "no-intent-column": (b"text,answer\nno wifi,Ask\n", "faq.csv:1: needs a header line"),
    "semicolons": (b"text;intent\nno wifi;wifi\n", "faq.csv:1: needs a header line"),
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
    "nul": (b"text,intent\nno\0wifi,wifi\n", "faq.csv:2: The text contains a NUL"),
    "clash": (
        b"text,intent\nit is down,vpn\nnoise,wifi\nIt is DOWN,wifi\n",
        "faq.csv:4: “It is DOWN” belongs to “vpn” (faq.csv:2) and to “wifi”",
    ),
    "endless-field": (
        b'text,intent\n"' + b"x" * 200_000,
        "faq.csv: is not a CSV file: field larger",
    ),
}


@pytest.mark.parametrize(("content", "first"), CSV_MISTAKES.values(), ids=CSV_MISTAKES)
def test_a_mistake_in_a_csv_is_named_with_its_line(
    tmp_path: Path, content: bytes, first: str
) -> None:
    assert mistakes(write(tmp_path / "faq.csv", content))[0].startswith(first)


def test_a_huge_csv_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.services.knowledge.catalogue_files.MAX_FILE_BYTES", 10)
    assert (
        "is larger than" in mistakes(write(tmp_path / "faq.csv", "text,intent\nno wifi,wifi\n"))[0]
    )
