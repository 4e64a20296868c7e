import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.domain.report.report import SCHEMA
from chatbot.services.releases import release
from chatbot.services.releases.reports import keep_report
from chatbot.storage.tables import Disagreement
from factories import add_lacking_version, add_query, make_small_report
from fakes import add_version

Headers = dict[str, str]


@pytest.fixture
def second(parts: Parts) -> int:
    """Another version, never live."""
    with parts.database.write() as session:
        return add_version(session, "1")


def test_models_tell_which_is_live_and_who_serves_it(
    client: FlaskClient, agent: Headers, second: int
) -> None:
    body = client.get("/v1/models", headers=agent).get_json()
    assert body["live"] == {"version": 1, "generation": 1}
    assert [(item["id"], item["live"]) for item in body["items"]] == [(second, False), (1, True)]
    [process] = body["processes"]
    assert (process["version"], process["generation"], process["error"]) == (1, 1, None)


def test_models_tell_how_far_the_candidate_in_the_shadow_is(
    client: FlaskClient, agent: Headers, parts: Parts
) -> None:
    assert client.get("/v1/models", headers=agent).get_json()["shadow"] is None
    with parts.database.write() as session:
        lacking = add_lacking_version(session).id
        note = {"version_id": lacking, "live_id": 1}
        session.add(Disagreement(query_id=add_query(session).id, **note))
    body = client.get("/v1/models", headers=agent).get_json()
    assert body["items"][0]["change"] == "It could be chance."  # the first reason of its report
    shadow = body["shadow"]
    assert shadow.pop("lacks") > 0
    assert shadow == {"version": lacking, "live_version": 1, "waiting": 1, "judged": 0}


def test_models_come_in_pages(client: FlaskClient, agent: Headers, second: int) -> None:
    first = client.get("/v1/models?limit=1", headers=agent).get_json()
    rest = client.get(f"/v1/models?limit=1&cursor={first['next']}", headers=agent).get_json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [second, 1]
    assert rest["next"] is None


def test_a_report_is_json_or_markdown(client: FlaskClient, agent: Headers) -> None:
    as_json = client.get("/v1/models/1/report", headers=agent)
    wanted = agent | {"Accept": "text/markdown"}
    as_markdown = client.get("/v1/models/1/report", headers=wanted)
    assert as_json.get_json() == {}
    assert as_markdown.mimetype == "text/markdown"
    assert "version 1" in as_markdown.text
    assert client.get("/v1/models/9/report", headers=agent).status_code == 404


def test_a_report_is_what_the_document_says_it_is(
    client: FlaskClient, agent: Headers, parts: Parts
) -> None:
    with parts.database.write() as session:
        keep_report(
            release.get_version(session, 1), make_small_report(reasons=["It is the first."])
        )
    stored = client.get("/v1/models/1/report", headers=agent).get_json()
    assert (stored["schema"], stored["reasons"]) == (SCHEMA, ["It is the first."])
    document = client.get("/openapi.json").get_json()
    answer = document["paths"]["/v1/models/{version_id}/report"]["get"]["responses"]["200"]
    told, empty = answer["content"]["application/json"]["schema"]["anyOf"]
    schemas = document["components"]["schemas"]
    assert told == {"$ref": "#/components/schemas/EvaluationReport"}
    assert empty["maxProperties"] == 0
    described = schemas["EvaluationReport"]
    assert set(described["required"]) == set(described["properties"]) == set(stored)
    assert described["properties"]["candidate"]["$ref"] == "#/components/schemas/Figures"
    assert set(schemas["Figures"]["properties"]) == set(stored["candidate"])


def test_promoting_moves_the_pointer_and_says_so(
    client: FlaskClient, admin: Headers, parts: Parts, second: int
) -> None:
    asked = {"version": second, "reason": "looks better"}
    body = client.post("/v1/admin/promote", json=asked, headers=admin).get_json()
    assert (body["generation"], body["from_version"], body["to_version"]) == (2, 1, second)
    assert (body["kind"], body["reason"]) == ("promote", "looks better")
    assert body["by"].startswith("admin of a test")
    parts.live.refresh()
    answer = client.post("/v1/ask", json={"text": "hello"}, headers=admin).get_json()
    assert answer["model_version"] == second


def test_rolling_back_returns_to_the_version_before(
    client: FlaskClient, admin: Headers, second: int
) -> None:
    client.post("/v1/admin/promote", json={"version": second, "reason": "try it"}, headers=admin)
    response = client.post("/v1/admin/rollback", json={"reason": "worse"}, headers=admin)
    assert response.get_json()["to_version"] == 1
    models = client.get("/v1/models", headers=admin).get_json()
    assert [item["withdrawn"] for item in models["items"]] == [True, False]
    releases = client.get("/v1/releases", headers=admin).get_json()["items"]
    assert [r["kind"] for r in releases] == ["rollback", "promote", "install"]
    assert len(client.get("/v1/releases?limit=1", headers=admin).get_json()["items"]) == 1


def test_releases_that_cannot_be_are_conflicts_or_not_found(
    client: FlaskClient, admin: Headers, second: int
) -> None:
    def post(path: str, **body: object) -> int:
        body["reason"] = "because"
        return client.post(f"/v1/admin/{path}", json=body, headers=admin).status_code

    assert post("rollback") == 409  # nothing before the first
    assert post("rollback", version=second) == 409  # never live
    assert post("rollback", version=99) == 404
    assert post("promote", version=1) == 409  # live already
    assert post("promote", version=99) == 404


@pytest.mark.parametrize(
    "body",
    [
        {"version": 2},
        {"version": 2, "reason": "no"},
        {"version": 2, "reason": "   "},
        {"version": 2, "reason": "x" * 501},
        {"version": "2", "reason": "because"},
        {"version": 0, "reason": "because"},
        {"version": 2**40, "reason": "because"},
        {"version": True, "reason": "because"},
    ],
)
def test_a_release_needs_a_version_and_a_reason(
    client: FlaskClient, admin: Headers, body: dict[str, object]
) -> None:
    assert client.post("/v1/admin/promote", json=body, headers=admin).status_code == 422
