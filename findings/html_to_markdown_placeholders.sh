#!/bin/sh
# markdownify 1.2.3 and html2text 2025.4.15: what a help-centre article says in angle brackets is lost on the way.
#
# An article writes a placeholder as &lt;server name&gt;. Both converters write it to Markdown as <server
# name>, unescaped, and Markdown takes that for an HTML tag: whoever reads the answer is told to type "ping"
# and nothing more. Both escape other characters of Markdown, so one would guess that they see to it. At the
# beginning of a paragraph both leave "# 5" (shown as a heading without its #), and markdownify "+ 1 202" (a
# bullet without its plus) and "2027." (a list that begins at 2027). Help-centre articles are HTML, and bots
# keep their answers as Markdown.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  "markdownify==1.2.3" "html2text==2025.4.15" "markdown-it-py==4.3.0" "beautifulsoup4==4.14.3"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from bs4 import BeautifulSoup
from html2text import HTML2Text
from markdown_it import MarkdownIt
from markdownify import markdownify

ARTICLES = [
    "<p>Open a shell and type ping &lt;server name&gt;</p>",
    "<p>+ 1 202 555 0100 is our number.</p>",
    "<p>2027. Renew it before.</p>",
    "<p># 5 opens the door.</p>",
    "<p>Rename my_old_file to *.txt</p>",
]
WAYS = {"markdownify": markdownify, "html2text": HTML2Text(bodywidth=0).handle}


def seen(html):
    return " ".join(BeautifulSoup(html, "html.parser").get_text().split())


lost = {}
for way, convert in WAYS.items():
    print(f"{way} {version(way)}, shown by markdown-it-py {version('markdown-it-py')}:")
    shown = [MarkdownIt("commonmark").render(convert(article)).strip() for article in ARTICLES]
    for article, html in zip(ARTICLES, shown, strict=True):
        print(f"  {seen(article)!r} → {html!r}")
    lost[way] = [seen(a) for a, html in zip(ARTICLES, shown, strict=True) if seen(html) != seen(a)]
    assert seen(shown[0]) == "Open a shell and type ping"
assert lost == {
    "markdownify": [seen(article) for article in ARTICLES[:4]],
    "html2text": [seen(ARTICLES[0]), seen(ARTICLES[3])],
}
PYTHON
