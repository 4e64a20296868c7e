"""The widget's file and its demo page; what the script does is tested in a browser."""

import gzip
import re

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.asking import sites
from chatbot.widget import FOLDER

MOST_BYTES = 15_000
SOURCE = (FOLDER / "widget.js").read_text(encoding="utf-8")


def test_the_script_is_small_and_any_page_may_have_it(client: FlaskClient) -> None:
    response = client.get("/widget.js", headers={"Accept-Encoding": "gzip, br"})
    assert len(response.data) <= MOST_BYTES
    assert gzip.decompress(response.data).decode() == SOURCE
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "public, max-age=600"
    assert "Accept-Encoding" in response.headers["Vary"]


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_it_comes_plain_to_those_without_gzip(client: FlaskClient, accepted: str) -> None:
    response = client.get("/widget.js", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers
    assert response.text == SOURCE


def test_a_browser_that_has_it_gets_it_no_second_time(client: FlaskClient) -> None:
    first = client.get("/widget.js")
    again = client.get("/widget.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_it_needs_nothing_that_a_strict_policy_forbids() -> None:
    forbidden = r"\beval\b\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write"
    assert re.findall(forbidden, SOURCE) == []
    assert re.findall(r"""style: ["'`]|setAttribute\(["']style""", SOURCE) == []
    assert set(re.findall(r"https?://[^\s\"'`/]+", SOURCE)) == {
        "https://chat.example.com",
        "http://www.w3.org",
    }


def test_every_language_has_every_text_and_no_text_is_unknown() -> None:
    block = SOURCE[SOURCE.index("const TEXTS") : SOURCE.index("const STYLE")]
    languages = re.split(r"\n    (\w\w): \{", block)[1:]
    texts = dict(zip(languages[::2], languages[1::2], strict=True))
    assert texts.keys() == {"en", "de", "fr", "es"}
    names = {name: set(re.findall(r"\n\s+(\w+):\s+\"", text)) for name, text in texts.items()}
    assert all(found == names["en"] for found in names.values()), names
    used = set(re.findall(r"""(?:text|say|button|show)\(["'](\w+)["']""", SOURCE))
    assert used - {"button"} <= names["en"]


class TestDemo:
    def test_it_shows_the_chat_with_the_instances_own_site(
        self, client: FlaskClient, parts: Parts
    ) -> None:
        with parts.database.write() as session:
            sites.create_site(session, "test", "Other", ["https://shop.example"])
            gone = sites.create_site(session, "test", "Gone", ["self"]).key
            sites.revoke_site(session, "test", gone)
            key = sites.create_site(session, "test", "Demo", ["self"]).key
        page = client.get("/demo")
        assert f'<script src="/widget.js" data-key="{key}" async></script>' in page.text
        assert page.text.count("site_") == 2
        assert "unsafe" not in page.headers["Content-Security-Policy"]

    def test_without_a_site_it_says_how_to_make_one(self, client: FlaskClient) -> None:
        page = client.get("/demo").text
        assert "chatbot site add Demo --origin self" in page
        assert "<script" not in page

    def test_it_needs_nothing_from_elsewhere(self, app: APIFlask, client: FlaskClient) -> None:
        page = client.get("/demo").text
        for link in re.findall(r'(?:src|href)="([^"]+)"', page):
            assert link.startswith("/"), link
            if not link.startswith("/console/") or "static" in link:
                with client.get(link) as response:
                    assert response.status_code == 200, link
        assert "style=" not in page
        assert client.get("/demo/..%2F__init__.py").status_code == 404
        assert client.get("/demo/nothing.css").status_code == 404
