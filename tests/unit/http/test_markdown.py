import pytest

from chatbot.http.markdown import render
from hostile import PAYLOADS, assert_harmless


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
