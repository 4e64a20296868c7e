"""Texts that want to become scripts, and what must not be left of them."""

import re
from html.parser import HTMLParser

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
            assert re.match(r"(https?://|mailto:|tel:)", str(attributes["href"])), html


def assert_page_is_ours(page: str) -> None:
    """Nothing in it runs or leads elsewhere, but for links that an answer may have."""
    for tag, attributes in Elements(page).found:
        assert tag not in {"img", "iframe", "object", "embed", "base", "style", "math", "video"}
        assert not [a for a in attributes if a.startswith("on") or a in ("style", "srcdoc")], tag
        for name in ("src", "action", "formaction", "hx-get", "hx-post"):
            assert str(attributes.get(name, "/console/")).startswith("/console/"), (tag, attributes)
        assert tag != "script" or attributes["src"]
        address = str(attributes.get("href", "#main"))
        assert re.match(r"/console/|#main$|https?://|mailto:|tel:", address), (tag, attributes)
