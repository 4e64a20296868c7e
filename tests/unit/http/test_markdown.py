import re
from urllib.parse import urljoin

import pytest

from chatbot.domain.answer_links import Surroundings
from chatbot.http.markdown import render
from hostile import ALLOWED, PAYLOADS, Elements, assert_harmless


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 60


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_text_becomes_harmless_html(payload: str) -> None:
    assert_harmless(render(payload))
    assert_harmless(render(f"before {payload} after"))


def test_what_editors_write_is_kept() -> None:
    html = render("**Bold** and\na [link](https://example.org/a?b=c&d)\n\n1. one\n2. two\n")
    assert "<strong>Bold</strong> and<br />" in html
    assert 'href="https://example.org/a?b=c&amp;d" rel="noopener nofollow"' in html
    assert "<ol>\n<li>one</li>" in html


def test_headings_stand_below_those_of_the_page() -> None:
    assert render("# One\n\nTwo\n---\n\n##### Five") == (
        "<h3>One</h3>\n<h4>Two</h4>\n<h6>Five</h6>\n"
    )


@pytest.mark.parametrize("address", ["https://a.example/b", "mailto:a@b.example", "tel:+4930123"])
def test_a_link_leads_to_the_web_a_mailbox_or_a_telephone(address: str) -> None:
    assert f'href="{address}"' in render(f"[there]({address})")


@pytest.mark.parametrize("address", ["/console/sign-out", "//a.example", "javascript:alert(1)"])
def test_and_nowhere_else(address: str) -> None:
    assert "href" not in render(f"[there]({address})")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("See https://a.example/b.", "See {https://a.example/b}."),
        ("(https://a.example/b_(c)), so", "({https://a.example/b_(c)}), so"),
        ("http://a.example?b=1&c=2", "{http://a.example?b=1&amp;c=2}"),
        ("**https://a.example**", "<strong>{https://a.example}</strong>"),
        ("www.a.example, a@b.example, a.example", "www.a.example, a@b.example, a.example"),
        ("ftp://a.example //a.example", "ftp://a.example //a.example"),
        ("`https://a.example`", "<code>https://a.example</code>"),
    ],
)
def test_a_bare_address_of_the_web_is_a_link(text: str, html: str) -> None:
    expected = re.sub(r"{(.*?)}", r'<a href="\1" rel="noopener nofollow">\1</a>', html)
    assert render(text) == f"<p>{expected}</p>\n"


def test_a_link_to_a_place_of_the_site_leads_there_or_is_its_text() -> None:
    text = "[the **guide**](/help/x)"
    assert render(text) == "<p>the <strong>guide</strong></p>\n"
    assert 'href="/help/x"' in render(text, Surroundings(""))
    assert 'href="https://shop.example/help/x"' in render(
        text, Surroundings("https://shop.example/")
    )


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "/\\evil.example",
        "/&#9;/evil.example",
        "/&#10;/evil.example",
        "<//evil.example>",
    ],
)
@pytest.mark.parametrize("site", ["", "https://shop.example"])
def test_no_place_of_the_site_is_another_site(address: str, site: str) -> None:
    found = Elements(render(f"[x]({address}) ![x]({address})", Surroundings(site))).found
    for _, attributes in found:
        resolved = urljoin("https://shop.example/a", str(attributes.get("href") or "/"))
        assert resolved.startswith("https://shop.example/")


SHOP = Surroundings("https://shop.example", frozenset({"https://cdn.example"}))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "![a *shot*](https://cdn.example/s.png)",
            '<img src="https://cdn.example/s.png" alt="a shot" loading="lazy"'
            ' referrerpolicy="no-referrer" />',
        ),
        (
            "![shot](https://evil.example/s.png)",
            '<a href="https://evil.example/s.png" rel="noopener nofollow">shot</a>',
        ),
        (
            "![](https://evil.example/a%20s.png)",
            '<a href="https://evil.example/a%20s.png" rel="noopener nofollow">a s.png</a>',
        ),
        (
            "![shot](/s.png)",
            '<a href="https://shop.example/s.png" rel="noopener nofollow">shot</a>',
        ),
        (
            "[![shot](https://evil.example/s.png)](https://a.example)",
            '<a href="https://a.example" rel="noopener nofollow">shot</a>',
        ),
        ("![shot](javascript:alert(1))", "![shot](javascript:alert(1))"),
        ("![shot](data:image/png;base64,AA)", "![shot](data:image/png;base64,AA)"),
        ("![<b>](s.png)", "![&lt;b&gt;](s.png)"),
    ],
)
def test_a_picture_is_shown_from_an_allowed_origin_and_a_link_from_others(
    text: str, html: str
) -> None:
    assert render(text, SHOP) == f"<p>{html}</p>\n"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_text_is_harmless_where_links_and_pictures_are_shown(payload: str) -> None:
    for tag, attributes in Elements(render(payload, SHOP)).found:
        assert tag in ALLOWED | {"img"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "src"):
            assert re.match(r"https?://|mailto:|tel:", str(attributes.get(name, "tel:")))
