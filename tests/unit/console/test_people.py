import pytest

from chatbot.services.access.keys import Scope
from people import PASSWORD, SignedIn


def test_a_new_role_holds_from_the_next_request_on(signed_in: SignedIn) -> None:
    admin, agent = signed_in(Scope.ADMIN, "boss"), signed_in(Scope.AGENT, "ann")
    assert agent.get("/console/people").status_code == 403
    admin.post("/console/people/change", data={"email": "ann@example.org", "role": "admin"})
    assert agent.get("/console/people").status_code == 200


def test_the_last_admin_cannot_be_locked_out(signed_in: SignedIn) -> None:
    admin = signed_in(Scope.ADMIN, "boss")
    for change in ({"disable": "1"}, {"role": "agent"}):
        response = admin.post("/console/people/change", data={"email": "boss@example.org"} | change)
        assert response.status_code == 409
        assert "only admin" in response.text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"email": "no address", "role": "agent", "password": PASSWORD}, 409),
        ({"email": "x@example.org", "role": "agent", "password": "short"}, 409),
        ({"email": "x@example.org", "role": "agent", "password": "x" * 1000}, 409),
        ({"email": "x@example.org", "role": "ask", "password": PASSWORD}, 409),
        ({"email": "x@example.org", "role": "king", "password": PASSWORD}, 400),
        ({"email": "boss@example.org", "role": "agent", "password": PASSWORD}, 409),
        ({}, 400),
    ],
)
def test_an_unfit_account_is_refused(
    signed_in: SignedIn, form: dict[str, str], status: int
) -> None:
    admin = signed_in(Scope.ADMIN, "boss")
    assert admin.post("/console/people", data=form).status_code == status
