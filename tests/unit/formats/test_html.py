import pytest
from markdown_it import MarkdownIt

from chatbot.formats.html import END, to_markdown, to_marked_markdown

CONVERTED = {
    "headings": ("<h1>Wi-Fi</h1><h2>  In the\nlibrary</h2>x", "# Wi-Fi\n\n## In the library\n\nx"),
    "empty-heading": ("<h2> </h2>x", "x"),
    "paragraphs-that-are-not-closed": ("<p>one<p>two", "one\n\ntwo"),
    "line-breaks": ("<p>one<br>two<br />three</p>", "one\ntwo\nthree"),
    "a-line-break-of-the-source-is-a-blank": ("<p>one\n   two</p>", "one two"),
    "lists": ("<ul><li>a<li>b<ul><li>c</ul></ul><p>d", "- a\n- b\n  - c\n\nd"),
    "numbers": ('<ol start="3"><li>a</li><li>b</li></ol>', "3. a\n4. b"),
    "emphasis": ("<p><strong>Note: </strong>now, <i>now</i></p>", "**Note:** now, *now*"),
    "code": ("<p>Type <code>ls &lt;a&gt;</code></p>", "Type `ls <a>`"),
    "quotation": ("<blockquote>a<br>b</blockquote>", "> a\n> b"),
    "blank-lines": ("<p>a</p>\n\n\n<p>\u00a0</p><div></div><p>b</p>", "a\n\nb"),
    "terms": ("<dl><dt>SSID<dd>eduroam</dl>", "**SSID**\n\neduroam"),
    "details": ("<details><summary>More</summary><p>a</p></details>", "**More**\n\na"),
    "table": (
        "<table><thead><tr><th>A<th>B</thead><tbody><tr><td>1|2<td><p>x</p><p>y</p></table>",
        "| A | B |\n| --- | --- |\n| 1\\|2 | x y |",
    ),
    "table-whose-head-is-narrower": (
        "<table><tr><td>a</td></tr><tr><td>b</td><td>c</td></tr></table>",
        "| a |  |\n| --- | --- |\n| b | c |",
    ),
    "table-for-layout": ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\n\nb"),
    "scripts-and-styles": ("<script>x<p></script>a<style>b{}</style>", "a"),
    "a-form": ('<form action="/go">Name <input><button>Go</button></form>a', "a"),
    "a-form-around-a-page": ("<form><p>a</p><input></form>", "a"),
    "picture": ('<p><img src="/a/b.png" alt="The plug"></p>', "![The plug](/a/b.png)"),
    "picture-without-words": ('<img src="https://h.example/a%20b.png">', "![a b.png](https://h.example/a%20b.png)"),
    "picture-inside-its-page": ('<img src="data:image/png;base64,AAAA" alt="The plug">', "The plug"),
    "picture-in-a-link": ('<a href="/x"><img src="/a.png" alt="A"></a>', "[A](/x)"),
    "picture-that-counts-visits": ('a<img src="https://h.example/p" width="1" height="1">', "a"),
    "film": ('<iframe src="https://v.example/1" title="How to"></iframe>', "[How to](https://v.example/1)"),
    "comment": ("a<!-- <b>no</b> -->b<br>", "ab"),
    "markdown-in-html": ("<p>**a**\n- b\n- c</p>", "**a**\n- b\n- c"),
    "words-in-pointed-brackets": ("<p>Enter <user> here</p>", "Enter \\<user> here"),
    "tags-of-other-programs": ("<p>a<o:p></o:p><x-y>b</x-y></p>", "ab"),
}  # fmt: skip
PLAIN = {
    "nothing": ("", ""),
    "lines": ("one\n\n  two *three* _four_", "one\n\n  two *three* _four_"),
    "entities": ("a &lt; b &amp;&nbsp;c &auml;", "a < b & c ä"),
    "comparison": ("a < b > c", "a < b > c"),
    "words-in-pointed-brackets": ("mail <me> now", "mail \\<me> now"),
}
LINKS = {
    "http": ('<a href="http://h.example">a</a>', "[a](http://h.example)"),
    "mail": ('<a href="mailto:a@h.example">a</a>', "[a](mailto:a@h.example)"),
    "telephone": ('<a href="tel:+49123">a</a>', "[a](tel:+49123)"),
    "site": ('<a href="/faq?x=1#y">a</a>', "[a](/faq?x=1#y)"),
    "other-host": ('<a href="//h.example/x">a</a>', "[a](https://h.example/x)"),
    "blanks-and-brackets": ('<a href=" https://h.example/a (b)">[a]</a>', "[(a)](https://h.example/a%20%28b%29)"),
    "page": ('<a href="other.html">a</a>', "a"),
    "place": ('<a href="#top">a</a>', "a"),
    "script": ('<a href="javascript:alert(1)">a</a>', "a"),
    "script-in-capitals": ("<a href=JaVaScRiPt:alert(1)>a</a>", "a"),
    "script-with-a-tab": ('<a href="java\tscript:alert(1)">a</a>', "a"),
    "script-with-an-entity": ('<a href="&#106;avascript&colon;alert(1)">a</a>', "a"),
    "script-behind-an-invisible": ('<a href="\x01javascript:alert(1)">a</a>', "a"),
    "data": ('<a href="data:text/html,x">a</a>', "a"),
    "backslashes": (r'<a href="/\h.example">a</a>', "a"),
    "the-first-of-two": ('<a href="javascript:x" href="https://h.example">a</a>', "a"),
    "closing-too-early": ('<a href="https://h.example/)[x](javascript:y)">a</a>', "[a](https://h.example/%29%5Bx%5D%28javascript:y%29)"),
    "no-words": ('a<a href="https://h.example"> </a>b', "a b"),
}  # fmt: skip
HOSTILE = {
    "a-tag-by-entities": "<p>&lt;img src=x onerror=y&gt;</p>",
    "a-tag-in-plain-text": "&lt;script&gt;x&lt;/script&gt;",
    "a-tag-in-two-parts": "<p>&lt;<b></b>img src=x&gt;</p>",
    "a-tag-behind-a-backslash": "<p>\\&lt;b&gt; \\<b></b>&lt;i&gt;</p>",
    "a-tag-in-a-tag": "<<b>script>x<</b>/script>",
    "a-tag-that-does-not-end": "<p>a<img src=x onerror=",
    "code-that-marks-around-it-open": "<p>` <code>&lt;b&gt;</code> `</p>",
    "code-that-ends-early": "<pre>```\n&lt;b&gt;</pre>",
    "a-tag-in-words-for-a-picture": '<p><img src="/x" alt="<b>]`"></p>',
    "a-tag-in-a-cell": "<table><tr><td>&lt;b&gt;<td>x</table>",
    "a-comment-that-does-not-end": "<p>a<!-- b",
    "two-bodies": "<svg><style><p><body>&lt;b&gt;<body><math>",
}
SLOW = {
    "nested": "<div>" * 50_000,
    "nested-lists": "<ul><li>" * 50_000,
    "nested-tables": "<table><tr><td>" * 20_000,
    "unclosed": "<b>x" * 50_000,
    "items": "<ol>" + "<li>x" * 50_000,
    "cells": "<table><tr>" + "<td>x" * 50_000,
    "brackets": "<" * 200_000,
    "comments": "<!--" * 50_000,
    "quotes": '<a href="' * 20_000,
    "closing": "</p>" * 50_000,
    "backslashes": "<p>" + "\\" * 200_000,
    "blanks": "<p>" + " \n" * 100_000 + "x",
    "blanks-between-tags": "<p>" + " \n<font>" * 50_000 + "x",
    "blank-lines": "a" + " \n\n" * 100_000 + "<b>b",
    "entities": "<p>" + "&" * 100_000,
    "pictures": '<img src="data:image/png;base64,' * 10_000,
    "forms": "<form>" * 20_000 + "</form>" * 20_000,
    "one-wide-row": "<table><tr>" + "<td>" * 2_000 + "<tr><td>x" * 2_000,
}


@pytest.mark.parametrize(("html", "markdown"), CONVERTED.values(), ids=CONVERTED)
def test_html_becomes_markdown(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


@pytest.mark.parametrize(("text", "same"), PLAIN.values(), ids=PLAIN)
def test_text_without_tags_passes_but_for_entities(text: str, same: str) -> None:
    assert to_markdown(text) == same


@pytest.mark.parametrize(("html", "markdown"), LINKS.values(), ids=LINKS)
def test_only_links_that_are_safe_to_follow_are_kept(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
def test_no_html_is_left(html: str) -> None:
    tokens = MarkdownIt("commonmark").parse(to_markdown(html))
    kinds = {each.type for token in tokens for each in (token, *(token.children or ()))}
    assert not kinds & {"html_block", "html_inline"}


@pytest.mark.parametrize("html", SLOW.values(), ids=SLOW)
def test_hostile_html_is_neither_slow_nor_too_deep(html: str) -> None:
    to_markdown(html)


def test_blank_lines_of_code_are_kept() -> None:
    assert to_markdown("<pre><code>a\n\n\n  b</code></pre>") == "```\na\n\n\n  b\n```"


def test_beyond_the_tags_that_are_read_the_text_is_kept() -> None:
    markdown = to_markdown("<p>a <b>b</b></p>" * 100_000)
    assert markdown.startswith("a **b**\n\na **b**")
    assert markdown.count("b") == 100_000
    assert "<" not in markdown


def test_terms_and_summaries_are_marked_where_questions_are_looked_for() -> None:
    html = "<details><summary><b>Why?</b></summary>So.</details>Else."
    assert to_marked_markdown(html).split() == [END, "######", "Why?", "So.", END, "Else."]
