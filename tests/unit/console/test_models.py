import re

import pytest
from flask.testing import FlaskClient

import factories
from chatbot.bootstrap import Parts
from chatbot.domain.gate import Verdict
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.report.training import TrainingRun
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import pins
from chatbot.services.monitoring import watch
from chatbot.services.monitoring.adapt import Adapter
from chatbot.services.releases import jobs, processes, promotion_stop, release
from chatbot.services.releases.reports import keep_report
from chatbot.storage.database import now
from chatbot.storage.tables import Disagreement, ModelVersion, Release, TrainingJob
from factories import (
    add_query,
    change_report,
    make_earlier_report,
    make_outcome,
    read_earlier_report,
)
from fakes import UNKNOWN, add_version
from people import SignedIn
from reports import SMALL, report_of

LIVE = [make_outcome("vpn", "leave", answered=False, probability=0.4)] * 70
CANDIDATE = [make_outcome("vpn", "vpn")] * 60 + [make_outcome("vpn", "invoice")] * 10
CLEAR = "/console/models/clear-hold"


def report() -> EvaluationReport:
    thresholds = ((0.05, 1.01), (0.1, 0.8))
    training = TrainingRun(seconds=1.0, history=(), guessed=41, thresholds=thresholds)
    return report_of(CANDIDATE, LIVE, SMALL, training)


@pytest.fixture
def second(parts: Parts) -> int:
    """A judged version, never live."""
    with parts.database.write() as session:
        version_id = add_version(session, "1")
        release.conclude(session, version_id, Verdict.HOLD, report())
        return version_id


@pytest.fixture
def agent(signed_in: SignedIn) -> FlaskClient:
    return signed_in(Scope.AGENT)


@pytest.fixture
def admin(signed_in: SignedIn) -> FlaskClient:
    return signed_in(Scope.ADMIN)


def moves(parts: Parts) -> list[tuple[str, int, str, str]]:
    with parts.database.read() as session:
        rows = release.list_releases(session, 10)
        return [(r.kind, r.to_version, r.reason, r.released_by) for r in rows]


def act(client: FlaskClient, path: str, **form: object) -> tuple[int, str]:
    answer = client.post(f"/console/models/{path}", data=form)
    return answer.status_code, answer.text


def test_the_page_lists_versions_moves_processes_and_marks_the_live_one(
    agent: FlaskClient, second: int
) -> None:
    page = agent.get("/console/models").text
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page, re.DOTALL)
    assert [">live<" in row for row in rows] == [False, True]
    assert "held back" in rows[0]
    assert "Of 100 questions like these it answers" in rows[0]
    assert "Installed version 1" in page
    assert "Web process" in page
    assert "style=" not in page


def test_a_candidate_in_the_shadow_says_how_far_it_is(
    agent: FlaskClient, parts: Parts, second: int
) -> None:
    assert "In the shadow" not in agent.get("/console/models").text
    with parts.database.write() as session:
        release.conclude(session, second, Verdict.INSUFFICIENT_EVIDENCE, report())
        query = add_query(session, "our Kestrel is down").id
        session.add(Disagreement(query_id=query, version_id=second, live_id=1))
    for path in ("/console/models", f"/console/models/{second}"):
        page = agent.get(path).text
        assert "answers in silence beside version 1" in page
        assert "<b>1</b> questions wait at the desk" in page
    assert "answers in silence" not in agent.get("/console/models/1").text


def test_a_report_says_which_of_its_questions_were_asked_for_the_candidates_sake(
    agent: FlaskClient, parts: Parts, second: int
) -> None:
    assert "asked for because" not in agent.get(f"/console/models/{second}").text
    chosen = change_report(report(), data={"disputed": 7}, comparison={"differing_weight": 0.25})
    with parts.database.write() as session:
        release.conclude(session, second, Verdict.HOLD, chosen)
    page = agent.get(f"/console/models/{second}").text
    assert "7 of the held-out questions were asked for because the two disagree" in page
    assert "counts as 0.25 of another" in page


def test_an_agent_may_look_but_is_offered_no_move(agent: FlaskClient, second: int) -> None:
    for path in ("/console/models", f"/console/models/{second}"):
        assert 'method="post" action="/console/models' not in agent.get(path).text
    for path in (f"{second}/promote", f"{second}/roll-back", "retrain"):
        assert act(agent, path, reason="because", generation=1)[0] == 403


def test_an_admin_makes_a_version_live_with_a_reason(
    admin: FlaskClient, parts: Parts, second: int
) -> None:
    page = admin.get(f"/console/models/{second}").text
    assert "It was not proved better." in page
    status, text = act(admin, f"{second}/promote", reason="agents want it", generation=1)
    assert status == 200
    assert f"Version {second} is live." in text
    assert moves(parts)[0] == ("promote", second, "agents want it", "admin@example.org")


def test_a_move_without_a_reason_is_refused(admin: FlaskClient, parts: Parts, second: int) -> None:
    for reason in ("", "  ", "x", "y" * 501, "no\x00good"):
        assert act(admin, f"{second}/promote", reason=reason, generation=1)[0] == 422
        assert act(admin, f"{second}/roll-back", reason=reason, generation=1)[0] == 422
    assert len(moves(parts)) == 1


def test_a_stale_page_moves_nothing_and_says_what_is_live(
    admin: FlaskClient, parts: Parts, second: int
) -> None:
    act(admin, f"{second}/promote", reason="first of two", generation=1)
    for path in ("1/promote", "1/roll-back"):
        status, text = act(admin, path, reason="second of two", generation=1)
        assert status == 409
        assert f"version {second} is live by now" in text
    assert len(moves(parts)) == 2


def test_a_form_without_its_generation_moves_nothing(
    admin: FlaskClient, parts: Parts, second: int
) -> None:
    for generation in ("", "abc"):
        status, text = act(admin, f"{second}/promote", reason="because", generation=generation)
        assert (status, "Load the page again" in text) == (400, True)
    assert len(moves(parts)) == 1


def test_rolling_back_returns_to_the_version_that_the_page_named(
    admin: FlaskClient, parts: Parts, second: int
) -> None:
    assert "Roll back to" not in admin.get("/console/models").text
    act(admin, f"{second}/promote", reason="try it", generation=1)
    assert "Roll back to version 1" in admin.get("/console/models").text
    status, text = act(admin, "1/roll-back", reason="wrong answers", generation=2)
    assert status == 200
    assert f"Version 1 is live again, {second} is withdrawn." in text
    with parts.database.read() as session:
        left = session.get(ModelVersion, second)
        assert left is not None
        assert left.withdrawn
    assert "rolled back" in admin.get(f"/console/models/{second}").text


def test_training_is_asked_for_once_however_often_the_button_is_pressed(
    admin: FlaskClient, parts: Parts
) -> None:
    for form in ({}, {}, {"force": "1"}):
        status, text = act(admin, "retrain", **form)
        assert (status, "is asked for" in text) == (200, True)
    with parts.database.read() as session:
        asked = [(job.force, job.requested_by) for job in jobs.list_jobs(session, None, 10)]
    assert asked == [(True, "admin@example.org"), (False, "admin@example.org")]


def test_a_running_training_shows_its_step_and_asks_again_in_two_seconds(
    agent: FlaskClient, parts: Parts
) -> None:
    idle = agent.get("/console/models/now").text
    assert 'hx-trigger="every 15s"' in idle
    with parts.database.write() as session:
        jobs.request(session, jobs.JobKind.TRAIN, "ann")
        processes.beat(session, processes.Identity(processes.ProcessKind.WORKER))
    lease = jobs.claim(parts.database, "worker", 60)
    assert lease is not None
    jobs.report(parts.database, lease, "train", 0.42, "Step <21> of 50")
    running = agent.get("/console/models/now").text
    assert 'hx-trigger="every 2s"' in running
    assert '<progress max="1" value="0.42"' in running
    assert "Train: 42% · Step &lt;21&gt; of 50" in running
    assert "No worker runs" not in running
    with parts.database.write() as session:
        jobs.finish(session, lease, jobs.JobState.FAILED, "out of memory")
    assert "out of memory" in agent.get("/console/models/now").text


def test_a_job_that_no_worker_will_take_says_so(agent: FlaskClient, parts: Parts) -> None:
    with parts.database.write() as session:
        jobs.request(session, jobs.JobKind.TRAIN, "ann")
    assert "No worker runs" in agent.get("/console/models/now").text


def test_a_process_that_lags_behind_the_pointer_is_marked(
    agent: FlaskClient, parts: Parts, second: int
) -> None:
    assert "takes up" not in agent.get("/console/models/now").text
    with parts.database.write() as session:
        release.promote(session, second, "ann", "because")
    lagging = agent.get("/console/models/now").text
    assert f"takes up {second}" in lagging
    assert 'hx-trigger="every 2s"' in lagging
    parts.live.refresh()
    assert "takes up" not in agent.get("/console/models/now").text


def test_a_report_tells_everything_that_it_holds(agent: FlaskClient, second: int) -> None:
    page = agent.get(f"/console/models/{second}").text
    for words in (
        "60 questions tell the two apart",
        "answered rightly",
        "Weighed by cost",
        "cannot be told",
        "Right intent first",
        "85.7%",
        'id="calibration-title"',
        'id="risk-coverage-title"',
        "0 of 70",
        "60 of 70",
        "70 changed answers",
        "Show all 70",
        "41 without a verdict vote by a guess",
    ):
        assert words in page, words
    assert page.count("a question</td>") == 50
    assert agent.get(f"/console/models/{second}?all=1").text.count("a question</td>") == 70
    assert "style=" not in page


def test_a_report_from_before_curves_and_guards_were_kept_is_still_readable(
    agent: FlaskClient, parts: Parts, second: int
) -> None:
    older = make_earlier_report(report())
    del older["risk_coverage"], older["promises"], older["comparison"]["guards"]
    with parts.database.write() as session:
        release.conclude(session, second, Verdict.HOLD, read_earlier_report(older))
        release.promote(session, second, "ann", "because")
    page = agent.get(f"/console/models/{second}").text
    assert "older than this curve" in page
    assert "older than the list of guards" in page
    assert "The live version does not say" in agent.get("/console/models").text


def test_a_version_that_was_not_measured_says_so(agent: FlaskClient) -> None:
    assert "Not measured yet" in agent.get("/console/models/1").text
    assert agent.get("/console/models/9").status_code == 404


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("10", "answered 100% of its 70 held-out questions"),
        ("5", "would answer nothing but known utterances"),
        ("", "This is the promise that holds now."),
        ("9" * 400, "answered 100%"),
        ("nan", "This is the promise that holds now."),
        ("many", "This is the promise that holds now."),
    ],
)
def test_the_slider_says_what_a_promise_would_cost(
    agent: FlaskClient, parts: Parts, second: int, wanted: str, words: str
) -> None:
    with parts.database.write() as session:
        release.promote(session, second, "ann", "because")
    assert words in agent.get(f"/console/models/promise?promise={wanted}").text
    assert words in agent.get(f"/console/models?promise={wanted}").text


def test_another_promise_says_how_to_make_it(agent: FlaskClient, parts: Parts, second: int) -> None:
    with parts.database.write() as session:
        release.promote(session, second, "ann", "because")
    assert "CHATBOT_PROMISE=0.05" in agent.get("/console/models/promise?promise=5").text


def test_the_page_says_whether_the_promise_holds_and_an_admin_undoes_what_followed(
    agent: FlaskClient, admin: FlaskClient, parts: Parts
) -> None:
    assert "nothing was learnt from traffic yet" in agent.get("/console/models").text
    with parts.database.write() as session:
        for number in range(120):
            add_query(session, f"purple elephants over the hill {number}", asked_at=now())
    assert Adapter(parts.database, parts.models, parts.settings).run()
    page = agent.get("/console/models").text
    assert "How it came to be so" in page
    assert "Undo the latest change" not in page
    assert "Undo the latest change" in admin.get("/console/models").text
    assert act(agent, "thresholds", action="revert", reason="because")[0] == 403
    assert act(admin, "thresholds", action="revert", reason="")[0] == 422
    assert act(admin, "thresholds", action="explode", reason="because")[0] == 422
    status, text = act(admin, "thresholds", action="revert", reason="it hands over too much")
    assert status == 200
    assert "on hold" in text
    assert act(admin, "thresholds", action="hold", reason="once more")[0] == 409
    assert "Leave it as it is" in act(admin, "thresholds", action="release", reason="seen")[1]


def test_older_versions_are_on_the_next_page(agent: FlaskClient, parts: Parts) -> None:
    with parts.database.write() as session:
        for digit in "123456789abcdefghijkl":
            add_version(session, digit)
    page = agent.get("/console/models").text
    assert "?before=3" in page
    older = agent.get("/console/models?before=3").text
    assert 'href="/console/models/2"' in older
    assert 'href="/console/models/3"' not in older
    for nonsense in ("-1", "abc", "9" * 40):
        assert agent.get(f"/console/models?before={nonsense}").status_code == 200


def test_without_any_model_the_page_says_what_comes_next(agent: FlaskClient, parts: Parts) -> None:
    with parts.database.write() as session:
        session.query(Release).delete()
        session.query(TrainingJob).delete()
        session.execute(ModelVersion.metadata.tables["model_pointer"].delete())
        session.query(ModelVersion).delete()
    page = agent.get("/console/models").text
    assert "No model is live yet." in page
    assert "There is none yet." in page


def test_a_report_shows_what_was_learnt_of_pairs_with_a_score(
    agent: FlaskClient, parts: Parts, second: int
) -> None:
    page = f"/console/models/{second}"
    assert "Pairs with a score" not in agent.get(page).text
    history = [
        {"epoch": epoch, "pairs_spearman": trained, "left_out_pairs_spearman": left_out}
        for epoch, trained, left_out in ((0, 0.3, 0.6), (1, 0.97, None), (2, 0.98, 0.21))
    ]
    with parts.database.write() as session:
        scored = change_report(
            report(), data={"pairs": 40, "left_out_pairs": 10}, training={"history": history}
        )
        keep_report(release.get_version(session, second), scored)
    shown = agent.get(page).text
    assert "from 0.60 to 0.21: the pairs were learnt by heart" in shown
    assert '<th scope="row">before</th><td class="number">0.30</td>' in shown
    assert '<td class="number">0.97</td><td class="number">–</td>' in shown


def test_a_watch_is_shown_with_its_figures(parts: Parts, signed_in: SignedIn) -> None:
    with parts.database.write() as session:
        version = factories.add_version(session).id
        release.promote(session, version, "ann", "checked")
    watch.compare_live(parts.database, parts.models, parts.settings)
    page = signed_in(Scope.AGENT).get("/console/models").text
    assert "is watched" in page
    assert "Judged wrong, in the random sample" in page
    assert "Let nights promote again" not in page


def test_an_admin_sees_why_it_was_rolled_back_and_clears_the_hold(
    parts: Parts, signed_in: SignedIn, rolled_back: int
) -> None:
    admin = signed_in(Scope.ADMIN)
    assert "it hands over &lt;far&gt; more." in admin.get("/console/models").text
    assert "clear the hold" in admin.get("/console/").text
    assert admin.post(CLEAR, data={"reason": ""}).status_code == 422
    answer = admin.post(CLEAR, data={"reason": "the FAQ was half imported"})
    assert f"Version {rolled_back} stays withdrawn" in answer.text
    assert admin.post(CLEAR, data={"reason": "once more"}).status_code == 409
    with parts.database.read() as session:
        assert promotion_stop.find_stop(session) is None


@pytest.mark.usefixtures("rolled_back")
def test_an_editor_sees_the_hold_but_may_not_clear_it(signed_in: SignedIn) -> None:
    editor = signed_in(Scope.EDITOR)
    page = editor.get("/console/models").text
    assert "no night promotes anything" in page
    assert "Let nights promote again" not in page
    assert editor.post(CLEAR, data={"reason": "I say so"}).status_code == 403


def test_pins_that_the_live_model_breaks_are_named(parts: Parts, signed_in: SignedIn) -> None:
    with parts.database.write() as session:
        pins.add_pin(session, "ann", UNKNOWN, "vpn")
    page = signed_in(Scope.AGENT).get("/console/models").text
    assert "Broken pins" in page
    assert UNKNOWN in page
