import pytest

from chatbot.domain.answer_links import NOWHERE, Surroundings, Unshown, find_unshown, is_safe

SHOP = Surroundings("https://shop.example/de/", frozenset({"https://cdn.example:8443"}))


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/b",
        "HTTP://a.example",
        "mailto:a@b.example",
        "tel:+4930123",
        "/",
        "/kb/4?a",
    ],
)
def test_the_web_a_mailbox_a_telephone_and_a_place_of_the_site_are_safe(address: str) -> None:
    assert is_safe(address)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https:\\\\evil.example",
        "/a b",
        "/\t/evil.example",
        "kb/42",
        "../kb",
        "?a",
        "#top",
        "section://1",
        "",
    ],
)
def test_nothing_else_is(address: str) -> None:
    assert not is_safe(address)


def test_a_place_of_the_site_is_there_or_nowhere() -> None:
    assert SHOP.resolve("/help") == "https://shop.example/de/help"
    assert Surroundings("").resolve("/help") == "/help"
    assert NOWHERE.resolve("/help") is None
    assert NOWHERE.resolve("https://a.example") == "https://a.example"


@pytest.mark.parametrize(
    ("address", "is_shown"),
    [
        ("https://cdn.example:8443/a.png", True),
        ("https://CDN.example:8443/a.png", True),
        ("https://cdn.example/a.png", False),
        ("http://cdn.example:8443/a.png", False),
        ("https://cdn.example:8443@evil.example/a.png", False),
        ("https://cdn.example:8443.evil.example/a.png", False),
        ("https://[cdn/a.png", False),
        ("/a.png", False),
    ],
)
def test_a_picture_is_shown_from_an_origin_that_is_allowed(address: str, is_shown: bool) -> None:
    assert SHOP.shows_picture(address) is is_shown


def test_a_picture_of_the_site_is_shown_where_the_site_is_allowed() -> None:
    shop = Surroundings("https://shop.example/de", frozenset({"https://shop.example"}))
    assert shop.shows_picture("/a.png")


def test_what_visitors_do_not_see_is_found() -> None:
    answer = (
        "[dead](page://9), [kb](kb/4), [fine](/kb/4), https://a.example, ![one](https://x.example/1.png)"
        " and ![two](https://cdn.example:8443/2.png); `[code](page://7)`\n\n[ref]\n\n[ref]: file:///etc"
    )
    found = find_unshown(answer, SHOP)
    assert found == Unshown(("page://9", "kb/4", "file:///etc"), ("https://x.example/1.png",))
    assert find_unshown("See **bold** [x] (y).", SHOP) == Unshown()
