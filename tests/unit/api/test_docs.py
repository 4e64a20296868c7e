"""The OpenAPI document is valid, complete and true: schemathesis asks what it promises."""

import re
from typing import Any

import pytest
import schemathesis
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance

from chatbot.http.auth import PUBLIC, rule_of

Headers = dict[str, str]
Document = dict[str, Any]

# A schema cannot say that a text must not be blank or that a cursor comes from the page before.
EXCLUDED: list[Any] = [positive_data_acceptance]


@pytest.fixture
def document(client: FlaskClient) -> Document:
    found: Document = client.get("/openapi.json").get_json()
    return found


def operations(document: Document) -> dict[str, Document]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_document_is_valid_openapi(app: APIFlask, document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()


def test_every_closed_route_is_in_it_with_its_scope(app: APIFlask, document: Document) -> None:
    documented = operations(document)
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        scope, takes_site_keys = rule_of(view), getattr(view, "takes_site_keys", False)
        if scope == PUBLIC or rule.endpoint.startswith("console."):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = documented[f"{method} {path}"]
            assert operation["x-scope"] == scope
            schemes = ["bearer", "api_key", *(["site_key"] if takes_site_keys else [])]
            assert operation["security"] == [{scheme: []} for scheme in schemes]


def test_every_error_is_documented_as_a_problem(document: Document) -> None:
    for name, operation in operations(document).items():
        for status, response in operation["responses"].items():
            if status >= "400" and "/readyz" not in name:
                assert list(response["content"]) == ["application/problem+json"], (name, status)
        if operation.get("security"):
            assert {"401", "403"} <= operation["responses"].keys(), name
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= operation["responses"].keys(), name
    assert "404" in operations(document)["GET /v1/queries/{query_id}"]["responses"]
    assert "409" in operations(document)["POST /v1/intents"]["responses"]


def test_every_reference_leads_somewhere_and_names_are_unique(document: Document) -> None:
    schemas = document["components"]["schemas"]
    references = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", repr(document)))
    assert references <= schemas.keys()
    identifiers = [operation["operationId"] for operation in operations(document).values()]
    assert len(identifiers) == len(set(identifiers))


def test_ids_in_paths_are_ascii_and_names_of_any_script(document: Document) -> None:
    def schema_of(path: str, method: str) -> Document:
        [parameter] = [
            p for p in document["paths"][path][method]["parameters"] if p["in"] == "path"
        ]
        found: Document = parameter["schema"]
        return found

    [pattern] = {
        schema_of(path, method)["pattern"]
        for path, method in (
            ("/v1/queries/{query_id}", "get"),
            ("/v1/admin/keys/{key_id}", "delete"),
        )
    }
    assert re.search(pattern, "0199-ab.c_D")
    assert not re.search(pattern, "büro")
    assert schema_of("/v1/intents/{name}", "get") == {
        "type": "string",
        "minLength": 1,
        "maxLength": 100,
    }


def test_no_schema_is_named_after_a_source_file(document: Document) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_swagger_ui_comes_from_here_and_runs_no_inline_script(client: FlaskClient) -> None:
    page = client.get("/docs")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(link.startswith("/docs/") for link in links)
    for link in links:
        with client.get(link) as response:
            assert response.status_code == 200, link
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*src=)", page.text) == []


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_what_the_document_promises_is_kept(
    app: APIFlask, admin: Headers, mode: GenerationMode
) -> None:
    """Good and bad requests to every operation; its pytest plugin does not know pytest 9.2 yet."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    refusal = schema.config.checks.negative_data_rejection
    refusal.expected_statuses = [*refusal.expected_statuses, "413"]  # it forgets large bodies
    failures = []
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=5,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers=admin, excluded_checks=EXCLUDED)

        try:
            ask()
        except Unsatisfiable:
            continue  # an operation that takes nothing cannot be asked badly
        except FailureGroup as found:
            failures.append(f"{operation.label}: {found}")
    assert failures == []
