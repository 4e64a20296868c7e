import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats.articles import CUT, NO_TEXT
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.pages import BESIDE, NO_ANSWER, NO_PAGE
from chatbot.formats.registry import find_format, read_path, read_source
from chatbot.formats.source import source_of

GUIDE = """\
# Borrow a projector

Ask at the *desk*.

## What to bring

- your card
- a bag
"""
FAQ = """\
# Questions about printing

We answer what is asked often.

## Money

### What does a page cost?

Five cents.

#### In colour

Ten cents.

### Can I pay by card?

No.

## Paper jams

Call us.
"""
HTML_FAQ = """\
<!doctype html>
<html lang="fr"><head><title>Aide | Exemple</title><script>x</script>
<link rel="canonical" href="https://invented.example/aide"></head>
<body><nav><a href="/">Menu</a></nav><header>Site</header>
<main><h1>Aide</h1><p>Bienvenue.</p>
<details><summary>Horaires d'ouverture</summary><h3>Semaine</h3><p>De 9 h à 17 h.</p></details>
<p>Entre deux.</p>
<dl><dt>Où êtes-vous ?</dt><dd>Au centre.</dd><dt>Et le prix ?</dt><dd>Dix euros.</dd></dl>
<p>Fin.</p></main><footer>Mentions</footer></body></html>
"""


def read(content: str | bytes, name: str = "page.md") -> CatalogueDraft:
    raw = content.encode() if isinstance(content, str) else content
    return read_source(source_of(name, raw))


def archive(files: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return file.getvalue()


def answers(draft: CatalogueDraft) -> dict[str, str | None]:
    return {each.title: each.answer for each in draft.intents.values()}


def reasons(draft: CatalogueDraft) -> list[str]:
    return [each.reason for each in draft.left_out]


def test_a_page_is_an_article() -> None:
    draft = read(GUIDE)
    assert draft.format == "pages"
    [intent] = draft.intents.values()
    assert (intent.name, intent.title) == ("borrow-a-projector", "Borrow a projector")
    assert intent.answer == ("Ask at the *desk*.\n\n## What to bring\n\n- your card\n- a bag")
    assert (intent.utterances, intent.enabled, draft.left_out) == ([], None, [])


def test_headings_with_a_question_mark_are_questions() -> None:
    draft = read(FAQ)
    assert answers(draft) == {
        "What does a page cost?": "Five cents.\n\n#### In colour\n\nTen cents.",
        "Can I pay by card?": "No.",
        "Questions about printing": "We answer what is asked often.\n\n## Paper jams\n\nCall us.",
    }
    cost, card, rest = draft.intents.values()
    assert (cost.name, cost.topic) == ("what-does-a-page-cost", "Money")
    assert (cost.utterances, card.utterances) == ([cost.title], [card.title])
    assert rest.utterances == []


def test_an_introduction_of_questions_is_left_out() -> None:
    draft = read("# FAQ\n\nHello.\n\n## Why?\n\nSo.\n\n## Who?\n\n## Where?\n\nHere.\n")
    assert answers(draft) == {"Why?": "So.", "Where?": "Here."}
    assert sorted(reasons(draft)) == [NO_ANSWER, BESIDE]
    assert {each.topic for each in draft.intents.values()} == {"FAQ"}


def test_a_page_whose_title_is_a_question_is_its_answer() -> None:
    draft = read("# How do I print?\n\nStart.\n\n## Then\n\nWait.\n")
    assert answers(draft) == {"How do I print?": "Start.\n\n## Then\n\nWait."}


def test_lines_in_bold_and_underlined_headings_are_questions() -> None:
    draft = read("Help\n====\n\n**Where is it?**\n\nHere.\n\nWho are you?\n---\nWe.\n")
    assert answers(draft) == {"Where is it?": "Here.", "Who are you?": "We."}


def test_terms_and_summaries_are_questions() -> None:
    draft = read(HTML_FAQ, "aide.html")
    assert answers(draft) == {
        "Horaires d'ouverture": "### Semaine\n\nDe 9 h à 17 h.",
        "Où êtes-vous ?": "Au centre.",
        "Et le prix ?": "Dix euros.",
    }
    assert [each.text for each in draft.left_out] == ["Bienvenue.", "Entre deux.", "Fin."]
    assert draft.languages == {"fr": 2}


def test_a_page_of_html_is_an_article_without_menus() -> None:
    html = "<html><title>Print | Site</title><nav>Menu</nav><p>Press <b>P</b>.<footer>x</footer>"
    assert answers(read(html, "a.html")) == {"Print | Site": "Press **P**."}


def test_front_matter_says_title_language_and_whether_it_is_a_draft() -> None:
    draft = read('---\ntitle: "Where to print?"\nlang: EN\ndraft: true\n---\nIn the hall.\n')
    [intent] = draft.intents.values()
    assert (intent.title, intent.answer, intent.enabled) == (
        "Where to print?",
        "In the hall.",
        False,
    )
    assert draft.languages == {"en": 1}


def test_front_matter_of_another_kind_is_read() -> None:
    assert answers(read('+++\ntitle = "Print"\n+++\n\nIn the hall.\n')) == {"Print": "In the hall."}


def test_what_is_in_code_is_no_heading_and_keeps_its_tags() -> None:
    text = "# Run\n\n```sh\n# why?\necho <b>\n```\n\nType `<i>` and<br>wait.\n"
    assert answers(read(text)) == {"Run": "```sh\n# why?\necho <b>\n```\n\nType `<i>` and\nwait."}


def test_a_fence_ends_with_one_as_long() -> None:
    text = "# Run\n\n````\n```\n# why?\n````\n\n~~~\n```\n# what?\n~~~"
    assert list(answers(read(text))) == ["Run"]


def test_one_summary_that_does_not_ask_is_part_of_its_page() -> None:
    html = "<h1>Print</h1><p>Press P.</p><details><summary>More</summary>Wait.</details>"
    assert answers(read(html, "a.html")) == {"Print": "Press P.\n\n###### More\n\nWait."}
    asking = html.replace("More", "And then?")
    assert answers(read(asking, "a.html")) == {"And then?": "Wait.", "Print": "Press P."}


def test_a_folder_gives_topics_and_names() -> None:
    files = {
        "docs/print/index.md": GUIDE,
        "docs/net/index.html": "<h1>Join the Wi-Fi</h1><p>Choose Guest.</p>",
        "docs/net/plan.pdf": "%PDF-1.4",
        "docs/net/logo.png": "x",
    }
    draft = read(archive(files), "docs.zip")
    assert {name: each.topic for name, each in draft.intents.items()} == {
        "docs-net-index": "net",
        "docs-print-index": "print",
    }
    assert [(each.reason, each.text) for each in draft.left_out] == [(NO_PAGE, "plan.pdf")]
    assert read(archive(dict(reversed(files.items()))), "docs.zip").intents == draft.intents


def test_a_question_of_two_pages_teaches_neither() -> None:
    draft = read(archive({"a.md": "## Why?\n\nA.\n", "b.md": "## Why?\n\nB.\n"}), "docs.zip")
    assert [each.answer for each in draft.intents.values()] == ["A.", "B."]
    assert [each.text for each in draft.clashes] == ["Why?"]


def test_a_page_that_is_too_long_ends_with_a_link_if_it_has_an_address() -> None:
    front = "---\ntitle: Long\nurl: https://invented.example/long\n---\n"
    draft = read(front + "A paragraph.\n\n" * 2_000)
    assert (answers(draft)["Long"] or "").endswith("\n\n[Long](https://invented.example/long)")
    assert reasons(draft) == [CUT]
    assert answers(read("# Long\n\n" + "A paragraph.\n\n" * 2_000)) == {"Long": None}


def test_a_page_without_text_is_left_out() -> None:
    assert reasons(read("# Nothing\n")) == [NO_TEXT]


def test_a_page_that_says_that_it_is_western_is_read() -> None:
    html = "<html><meta charset='iso-8859-1'><h1>Büro</h1><p>Öffnet um 9.".encode("latin-1")
    assert answers(read(html, "a.html")) == {"Büro": "Öffnet um 9."}


DOCUMENTS = {
    "pdf": (b"%PDF-1.7\n1 0 obj", "is a PDF"),
    "word": (archive({"[Content_Types].xml": "x", "word/document.xml": "x"}), "word processor"),
    "old-word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "word processor"),
    "rich-text": (rb"{\rtf1 secret}", "word processor"),
    "open-document": (
        archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "x"}),
        "word processor",
    ),
    "folder": (archive({"a.pdf": "%PDF-1.4", "b.pdf": "%PDF-1.4"}), "is a PDF"),
    "sitemap": (b'<?xml version="1.0"?>\n<urlset xmlns="x"><url><loc>https://a.example</loc>', "addresses of pages"),
    "list": (b"https://a.example/1\r\nhttps://a.example/2\r\n", "addresses of pages"),
    "json-list": (b'["https://a.example/1", "https://a.example/2"]', "addresses of pages"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "named"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents_and_addresses_are_refused_with_what_to_bring(content: bytes, named: str) -> None:
    with pytest.raises(InvalidCatalogue) as refused:
        read(content, "bring.md")
    assert named in str(refused.value)
    assert "HTML or Markdown" in str(refused.value)
    assert "secret" not in str(refused.value)


OTHERS = {
    "csv": ("faq.csv", 'title,answer\nPrint,"# Press\n## Why?"\n'),
    "yaml": ("faq.yaml", "# Network\ntopic: Network\nintents: []\n"),
    "yaml-without-suffix": ("faq", "# Network\ntopic: Network\nintents: []\n"),
    "rasa": ("nlu.md", "## intent:greet\n- hello\n"),
    "luis": ("app.lu", "# Greeting\n- hello\n"),
    "qna": ("kb.qna", "# ? where\n- here\n"),
    "text": ("notes.txt", "Some words.\n"),
    "xml": ("Solutions.xml", "<?xml version='1.0'?><solutions><p>x</p></solutions>"),
}


@pytest.mark.parametrize(("name", "content"), OTHERS.values(), ids=OTHERS)
def test_files_of_other_kinds_are_not_taken(name: str, content: str) -> None:
    assert find_format(source_of(name, content.encode())).name != "pages"


def test_a_project_with_a_readme_is_no_folder_of_pages(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(GUIDE)
    (tmp_path / "agent.json").write_text("{}")
    with pytest.raises(InvalidCatalogue, match="no format that is known"):
        read_path(tmp_path)


DAMAGED = {
    "not-utf-8": b"# B\xfcro?\n\nx",
    "utf-16-that-is-cut": "# Büro?\n".encode("utf-16")[:-1],
    "front-matter-that-does-not-end": b"---\ntitle: x\n# A\n\nb",
    "front-matter-only": b"---\n---\n",
    "html-that-is-cut": HTML_FAQ.encode()[:400],
    "fence-that-does-not-end": b"# A\n\n```\n# b?\n" * 1_000,
    "headings": b"# a?\n" * 100_000,
    "levels": b"# a\n## b\n### c?\n" * 20_000,
    "underlines": b"a\n---\n" * 50_000,
    "backticks": b"# a\n\n<b>" + b"`" * 100_000,
    "marks": b"# a\n\n" + b"**" * 100_000 + b"?**",
    "menus": b"<html>" + b"<nav>" * 50_000 + b"<title>" * 10_000,
    "links": b"<html>" + b"<link " * 50_000,
    "brackets": b"# " + b"[" * 100_000 + b"?\n\nx",
    "blanks": b"# a" + b" " * 100_000 + b"b?\n\nx",
    "brackets-in-pairs": b"# " + b"[](" * 50_000 + b"?\n\nx",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_pages_are_read_or_refused_in_time(content: bytes) -> None:
    with suppress(InvalidCatalogue):
        read(content)
