import html
import re

import pytest

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.services.asking import sites
from people import SignedIn

FORM = {
    "name": "Shop",
    "origins": "https://shop.example\r\nlocalhost",
    "per_visitor": "5",
    "per_site": "50",
}


def stored(parts: Parts) -> list[tuple[str, list[str], int, int, bool]]:
    with parts.database.read() as session:
        return [
            (s.name, s.origins, s.per_visitor, s.per_site, s.revoked_at is None)
            for s in sites.list_sites(session)
        ]


def key_on(page: str) -> str:
    return str(re.findall(r"site_[0-9a-f]{24}", page)[0])


def test_an_admin_adds_a_site_and_copies_its_snippet(parts: Parts, signed_in: SignedIn) -> None:
    admin = signed_in(Scope.ADMIN)
    assert "No site yet" in admin.get("/console/sites").text
    page = admin.post("/console/sites", data=FORM).text
    assert stored(parts) == [("Shop", ["https://shop.example", "localhost"], 5, 50, True)]
    snippet = html.unescape(page.split('id="snippet-1"')[1].partition(">")[2].split("</pre>")[0])
    script = "http://localhost/widget.js"
    assert snippet == f'<script src="{script}" data-key="{key_on(page)}" async></script>'


def test_an_admin_changes_and_revokes_it(parts: Parts, signed_in: SignedIn) -> None:
    admin = signed_in(Scope.ADMIN)
    key = key_on(admin.post("/console/sites", data=FORM).text)
    admin.post(f"/console/sites/{key}", data=FORM | {"name": "New", "origins": "self"})
    assert stored(parts) == [("New", ["self"], 5, 50, True)]
    page = admin.post(f"/console/sites/{key}", data={"revoke": "1"}).text
    assert stored(parts)[0][-1] is False
    assert key not in page


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": ""}, 409),
        ({"origins": ""}, 409),
        ({"origins": "*"}, 409),
        ({"per_visitor": "many"}, 400),
        ({"per_site": ""}, 400),
        ({"per_site": "0"}, 409),
    ],
)
def test_an_impossible_site_is_refused(
    parts: Parts, signed_in: SignedIn, change: dict[str, str], status: int
) -> None:
    response = signed_in(Scope.ADMIN).post("/console/sites", data=FORM | change)
    assert response.status_code == status
    assert stored(parts) == []


def test_a_hostile_name_is_only_text(signed_in: SignedIn) -> None:
    name = '"><script>alert(1)</script>'
    page = signed_in(Scope.ADMIN).post("/console/sites", data=FORM | {"name": name}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
