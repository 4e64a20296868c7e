import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.domain.email_address import clean_email, to_ascii
from chatbot.errors import InvalidText


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.org",
        " Ann@Example.ORG ",
        "a.b+c@mail.example.co.uk",
        "ü@bücher.example",
        "o'h@x.io",
    ],
)
def test_an_address_that_mail_can_go_to_is_taken(text: str) -> None:
    assert clean_email(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@example",
        "ann@@example.org",
        "ann@example..org",
        "a b@example.org",
        "ann@example.org\nBcc: all@example.org",
        "ann@example.org, bob@example.org",
        "<ann@example.org>",
        "ann\u0000@example.org",
        "ann\u202e@example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 250 + ".org",
        "ann@192.0.2.1",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidText):
        clean_email(text)


@pytest.mark.parametrize(
    ("email", "written"),
    [
        ("ann@example.org", "ann@example.org"),
        ("o'h+1@x_y.example.io", "o'h+1@x_y.example.io"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@пример.испытание", "ann@xn--e1afmkfd.xn--80akhbyknj4f"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ü@bücher.example", None),
        ("=?utf-8?q?=0abcc=3aeve?=@example.org", None),
        ("ann@straße.example", None),
        ("ann@σίσυφος.example", None),
        ("ann@" + "b" * 64 + ".org", None),
        ("ann@⑴.example", None),
        ("", None),
    ],
)
def test_an_address_as_mail_servers_write_it(email: str, written: str | None) -> None:
    assert to_ascii(email) == written


@given(st.text(min_size=1, max_size=70), st.text(min_size=1, max_size=30))
def test_what_is_written_is_one_plain_address(local: str, host: str) -> None:
    try:
        written = to_ascii(clean_email(f"{local}@{host}.example"))
    except InvalidText:
        return
    if written is not None:
        assert written.isascii()
        assert written.isprintable()
        assert written.count("@") == 1
        assert not set(written) & set(' <>()[],;:\\"')
