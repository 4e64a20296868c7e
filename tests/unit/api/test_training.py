from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.releases import jobs

Headers = dict[str, str]


def test_retraining_is_a_row_that_a_worker_will_find(
    client: FlaskClient, admin: Headers, parts: Parts
) -> None:
    response = client.post("/v1/admin/retrain", json={}, headers=admin)
    job = response.get_json()
    assert response.status_code == 202
    assert (job["kind"], job["state"], job["attempt"]) == ("train", "queued", 0)
    lease = jobs.claim(parts.database, "worker", 60)
    assert lease is not None
    jobs.report(parts.database, lease, "train", 0.5, "epoch 2 of 3")
    running = client.get(f"/v1/admin/jobs/{job['id']}", headers=admin).get_json()
    assert (running["state"], running["step"], running["progress"]) == ("running", "train", 0.5)
    assert running["message"] == "epoch 2 of 3"


def test_asking_again_while_one_waits_returns_that_one(client: FlaskClient, admin: Headers) -> None:
    first, again = (client.post("/v1/admin/retrain", headers=admin).get_json() for _ in "ab")
    assert first["id"] == again["id"]


def test_jobs_come_in_pages_newest_first(client: FlaskClient, admin: Headers) -> None:
    made = [
        client.post("/v1/admin/retrain", json={"force": force}, headers=admin).get_json()["id"]
        for force in (False, True)
    ]
    first = client.get("/v1/admin/jobs?limit=1", headers=admin).get_json()
    path = f"/v1/admin/jobs?limit=1&cursor={first['next']}"
    rest = client.get(path, headers=admin).get_json()
    assert [job["id"] for job in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None


def test_an_unknown_job_is_not_found(client: FlaskClient, admin: Headers) -> None:
    assert client.get("/v1/admin/jobs/99", headers=admin).status_code == 404
