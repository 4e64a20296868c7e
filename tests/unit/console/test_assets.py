import re

from flask.testing import FlaskClient


def test_assets_are_kept_and_their_address_changes_with_them(client: FlaskClient) -> None:
    page = client.get("/console/sign-in").text
    for address in re.findall(r'"(/console/static/[^"]+)"', page):
        assert re.search(r"\?v=[0-9a-f]{10}$", address)
        with client.get(address) as response:
            assert "max-age=31536000" in response.headers["Cache-Control"]
