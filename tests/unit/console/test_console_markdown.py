import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.http.markdown import render
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq

ALLOWED = {
    *("a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre"),
    *("strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
PAYLOADS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "</div></main><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<img/src/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=20>x</text></a></svg>",
    "<math><mi xlink:href='data:x,<script>alert(1)</script>'>x</math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<style>@import 'http://evil.example/x.css';</style>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href=//evil.example/>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<div hx-get=/console/people hx-trigger=load>x</div>",
    "<div data-hx-post=/console/sign-out data-hx-trigger=load>x</div>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](java\tscript:alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](\\javascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](javascript://example.org/%0aalert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml;base64,PHN2Zy8+)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://example.org/1)",
    "[x](//evil.example/)",
    "[x](/console/sign-out)",
    "[x](../people)",
    "[x](?done=saved)",
    "[x](#main)",
    "[x](https:\\\\evil.example)",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "[1]: javascript:alert(1) 'x'\n\n[1]",
    "<javascript:alert(1)>",
    "<vbscript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    '[x](https://example.org/"onmouseover="alert(1))',
    "[x](https://example.org 'a\"onmouseover=\"alert(1)')",
    '[x](https://example.org "\'><script>alert(1)</script>")',
    "[<img src=x onerror=alert(1)>](https://example.org)",
    "[x](mailto:a@example.org?subject=\"><script>alert(1)</script>)",
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "# <svg onload=alert(1)>",
    "| <img src=x onerror=alert(1)> |\n|---|\n| [x](javascript:alert(1)) |",
    "> <script>alert(1)</script>",
    "- <script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "{{ config }}{% raw %}<script>alert(1)</script>",
    "\u2028<script>alert(1)</script>",
    "*<b>*</b><script>alert(1)</script>",
]  # fmt: skip


class Elements(HTMLParser):
    """What a browser would make of a text: tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", {"text": data}))

    def handle_decl(self, decl: str) -> None:
        self.found.append(("declaration", {"text": decl}))

    def handle_pi(self, data: str) -> None:
        self.found.append(("instruction", {"text": data}))

    def unknown_decl(self, data: str) -> None:
        self.found.append(("declaration", {"text": data}))


def assert_harmless(html: str) -> None:
    for tag, attributes in Elements(html).found:
        assert tag in ALLOWED, f"{tag} in {html}"
        allowed = {"a": {"href", "title", "rel"}, "code": {"class"}, "ol": {"start"}}
        assert attributes.keys() <= allowed.get(tag, set()), html
        if tag == "a":
            assert attributes["rel"] == "noopener nofollow"
            assert re.match(r"(https?://|mailto:)", str(attributes["href"])), html


def assert_page_is_ours(page: str) -> None:
    """Nothing in it runs or leads elsewhere, but for links that an answer may have."""
    for tag, attributes in Elements(page).found:
        assert tag not in {"img", "iframe", "object", "embed", "base", "style", "math", "video"}
        assert not [a for a in attributes if a.startswith("on") or a in ("style", "srcdoc")], tag
        for name in ("src", "action", "formaction", "hx-get", "hx-post"):
            assert str(attributes.get(name, "/console/")).startswith("/console/"), (tag, attributes)
        assert tag != "script" or attributes["src"]
        address = str(attributes.get("href", "#main"))
        assert re.match(r"/console/|#main$|https?://|mailto:", address), (tag, attributes)


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 60


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_text_becomes_harmless_html(payload: str) -> None:
    assert_harmless(render(payload))
    assert_harmless(render(f"before {payload} after"))


def test_the_preview_lets_nothing_hostile_through(
    signed_in: Callable[[Scope], FlaskClient],
) -> None:
    browser = signed_in(Scope.AGENT)
    for payload in PAYLOADS:
        response = browser.post("/console/knowledge/preview", data={"answer": payload})
        assert response.status_code == 200
        assert_harmless(response.text)


def test_no_page_lets_anything_hostile_through(
    signed_in: Callable[[Scope], FlaskClient], parts: Parts
) -> None:
    """Each payload is title, topic, answer and utterance of an intent, asked, edited, deleted."""
    browser = signed_in(Scope.EDITOR)
    names = [f"hostile-{number}" for number in range(len(PAYLOADS))]
    with parts.database.write() as session:
        for name, text in zip(names, PAYLOADS, strict=True):
            said = f"{name} {text}"
            edit_faq.create_intent(session, "<b>ann</b>", name, said, text, said[:80], [said])
    parts.live.refresh()
    pages = [browser.get(f"/console/knowledge?page={number}") for number in (1, 2)]
    pages += [browser.get("/console/knowledge/lint"), browser.get("/console/knowledge/new")]
    for name, text in zip(names, PAYLOADS, strict=True):
        pages += [
            browser.get("/console/knowledge", query_string={"q": text, "topic": text}),
            browser.get(f"/console/knowledge/intents/{name}"),
            browser.post("/console/knowledge/try", data={"text": f"{name} {text}"}),
            browser.post(f"/console/knowledge/intents/{name}", data=stale(text)),
            browser.post("/console/knowledge/new", data=stale(text) | {"name": text}),
        ]
    with parts.database.write() as session:
        edit_faq.delete_intent(session, "ann", names[0])
    pages += [browser.get(f"/console/knowledge/intents/{names[0]}")]
    for page in pages:
        assert page.status_code in (200, 409, 410, 422), page.request.path
        assert_page_is_ours(page.text)


def stale(text: str) -> dict[str, str]:
    """A form that was opened before anything was."""
    return {"title": text, "topic": text, "answer": text, "seen": "2020-01-01T00:00:00+00:00"}


def test_what_editors_write_is_kept() -> None:
    html = render("**Bold** and\na [link](https://example.org/a?b=c&d)\n\n1. one\n2. two\n")
    assert "<strong>Bold</strong> and<br />" in html
    assert 'href="https://example.org/a?b=c&amp;d" rel="noopener nofollow"' in html
    assert "<ol>\n<li>one</li>" in html


def test_headings_stand_below_those_of_the_page() -> None:
    assert render("# One\n\nTwo\n---\n\n##### Five") == (
        "<h3>One</h3>\n<h4>Two</h4>\n<h6>Five</h6>\n"
    )
