"""reports of one shape, and columns for what SQL looks for in them"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

Json = dict[str, Any]

_VERSIONS = sa.table(
    "model_versions",
    sa.column("id", sa.Integer()),
    sa.column("report", sa.JSON()),
    sa.column("live_id", sa.Integer()),
    sa.column("look", sa.Integer()),
    sa.column("disputed", sa.Integer()),
    sa.column("change", sa.Text()),
)
_VERDICTS = ("promote", "hold", "insufficient_evidence")
_REPLY = {"decision": "handoff", "best": None, "probability": 0.0}
_FIGURES = dict.fromkeys(("n", "n_in_scope", "n_out_of_scope"), 0) | dict.fromkeys(
    (
        *("top1", "top3", "in_scope_accuracy", "oos_recall", "mcc", "coverage"),
        *("wrong_answer_rate", "ece", "auroc_oos"),
    )
)
_FOREIGN_ENDS = dict.fromkeys(("handed_over", "asked_in_vain", "answered_wrongly"), 0)
_ENDS = {"answered_rightly": 0, "offered": 0} | _FOREIGN_ENDS
_INTENT = {"support": 0, "precision": 0.0, "recall": 0.0, "f1": 0.0, "confused_with": {}}
_CALIBRATION: Json = {
    **dict.fromkeys(("similarity", "votes", "bias")),
    "answer_at": 1.01,
    "clarify_at": 1.01,
    "rows": 0,
    "answer": 0.0,
    "passage": 0.0,
    "curve": [],
}
_COSTS = {"wrong_answer": 1.0, "handoff": 0.3, "click": 0.05}
_WEIGHED = {
    "questions": 0,
    "better": 0,
    "worse": 0,
    "gain": 0.0,
    "gain_interval": [0.0, 0.0],
    "p_value": 1.0,
    "needed_p_value": 0.0,
    "differences": [],
}
_COMPARISON = {
    **dict.fromkeys(("both_right", "only_candidate", "only_live", "both_wrong"), 0),
    "p_value": 1.0,
    "needed_p_value": None,
    "gain": 0.0,
    "gain_interval": [0.0, 0.0],
    "differing_weight": 1.0,
}
_KEPT = {"promise": 0.0, "answer_at": 1.01, "answered": 0, "wrong": 0}
_APART = {"waiting": 0, "quarantined": 0, "pairs": 0}
_DATA = {
    **dict.fromkeys(("training", "validation", "out_of_scope", "held_out", "cross_fitted"), 0),
    **dict.fromkeys(("learnt_queries", "unlabelled", "pairs", "left_out_pairs"), 0),
    "knowledge_revision": 0,
    "fingerprint": "",
    "evidence": "",
    "disputed": 0,
}
_OF_PAIRS = ("pair_loss", "pairs_spearman", "left_out_pairs_spearman")
_EPOCH = {"epoch": 0} | dict.fromkeys(
    ("training_loss", "validation_loss", "validation_score", *_OF_PAIRS)
)
_EXPORT = {"precision": "", "bytes": 0} | dict.fromkeys(
    (
        *("noise", "noise_of_worst", "mean_cosine", "lowest_cosine"),
        *("agreement", "clear", "clear_flips", "rows"),
    )
)
_TRAINING: Json = {
    "seconds": 0.0,
    "best_epoch": None,
    "libraries": {},
    "guessed": 0,
    "thresholds": [],
}
_GUARDS = {
    "intents": (
        "The worst intent with ten or more questions loses {measured:.0%} of them; "
        "{allowed:.0%} is allowed.",
        "No intent with ten or more questions gets worse.",
    ),
    "out_of_scope": (
        "It answers {measured:.1%} more of the out-of-scope questions; {allowed:.0%} is allowed.",
        "It answers no more of the out-of-scope questions.",
    ),
    "rightly_answered": (
        "It answers {measured:.1%} fewer of the in-scope questions rightly; "
        "{allowed:.0%} is allowed.",
        "It answers no fewer of the in-scope questions rightly.",
    ),
    "wrongly_answered": (
        "It answers {measured:.1%} more of the questions wrongly; {allowed:.1%} is allowed.",
        "It answers no more of the questions wrongly.",
    ),
    "wrong_answers": (
        "{measured:.1%} of its automatic answers are wrong; {allowed:.1%} is allowed.",
        "None of its automatic answers is wrong.",
    ),
    "pins": (
        "It breaks {measured:.0f} pinned questions; none is allowed.",
        "It breaks no pinned question that the live version keeps.",
    ),
}
# Missing, not null, in reports from before: what the code of then looks for by its presence.
_MISSING_BEFORE = {
    (): ("ends", "sources"),
    ("comparison",): ("whole", "needed_p_value"),
    ("training",): ("export", "index"),
}


def upgrade() -> None:
    op.add_column("model_versions", sa.Column("live_id", sa.Integer(), nullable=True))
    for name in ("look", "disputed"):
        column = sa.Column(name, sa.Integer(), server_default="0", nullable=False)
        op.add_column("model_versions", column)
    op.add_column("model_versions", sa.Column("change", sa.Text(), nullable=True))
    for version, stored in _read_reports():
        report = complete(stored, version)
        _write(
            version,
            report=report,
            live_id=report["live_version"],
            look=report["look"],
            disputed=report["data"]["disputed"],
            change=next(iter(report["reasons"]), None),
        )


def downgrade() -> None:
    for version, stored in _read_reports():
        _write(version, report=strip(stored))
    for name in ("change", "disputed", "look", "live_id"):
        op.drop_column("model_versions", name)


def complete(old: Json, version: int) -> Json:
    """Return the report of schema 1 that says what `old` does.

    What `old` has not got is null, none or nothing; what schema 1 has not got is left out.
    """
    live, comparison = old.get("live"), old.get("comparison")
    calibration = old.get("calibration") or {}
    data = old.get("data") or {}
    verdict = old.get("verdict")
    return {
        "schema": 1,
        "version": version if old.get("version") is None else old["version"],
        "live_version": old.get("live_version"),
        "verdict": verdict if verdict in _VERDICTS else None,
        "reasons": old.get("reasons") or [],
        "comparison": _complete_comparison(comparison) if comparison else None,
        "candidate": _fill(old.get("candidate"), _FIGURES),
        "live": _fill(live, _FIGURES) if live else None,
        "ends": _complete_ends(old["ends"]) if old.get("ends") else None,
        "per_intent": {
            intent: _fill(figures, _INTENT)
            for intent, figures in (old.get("per_intent") or {}).items()
        },
        "calibration": _fill(calibration, _CALIBRATION)
        | {"costs": _fill(calibration.get("costs"), _COSTS)},
        "risk_coverage": old.get("risk_coverage") or [],
        "promises": [_fill(kept, _KEPT) for kept in old.get("promises") or []],
        "pins": [_complete_pin(pin) for pin in old.get("pins") or []],
        "changed": [
            _fill(change, {"text": "", "expected": ""})
            | {side: _fill(change.get(side), _REPLY) for side in ("live", "candidate")}
            for change in old.get("changed") or []
        ],
        "data": _fill(data, _DATA) | {"apart": _fill(data.get("apart"), _APART)},
        "training": _complete_training(old.get("training") or {}),
        "look": old.get("look") or 0,
        "sources": _complete_sources(old.get("sources")),
    }


def strip(report: Json) -> Json:
    """Return `report` without what earlier code would take for a figure although it is null."""
    older = {name: value for name, value in report.items() if name != "schema"}
    for path, names in _MISSING_BEFORE.items():
        part = older
        for step in path:
            part[step] = part = dict(part[step] or {})
        for name in names:
            if part.get(name, 0) is None:
                del part[name]
    if not older["comparison"]:
        older["comparison"] = None
    elif "whole" not in older["comparison"]:
        older["comparison"].pop("taught", None)
        older["comparison"].pop("elsewhere", None)
    history = older["training"]["history"]
    if all(epoch[name] is None for epoch in history for name in _OF_PAIRS):
        kept = [{k: v for k, v in epoch.items() if k not in _OF_PAIRS} for epoch in history]
        older["training"]["history"] = kept
    for source in older.get("sources", []):
        if source["without"]:
            absent = [name for name, value in source["without"].items() if value is None]
            source["without"] = {k: v for k, v in source["without"].items() if k not in absent}
    return older


def _fill(part: Any, defaults: Mapping[str, Any]) -> Json:
    """Exactly the fields of `defaults`; those that `part` has, and that are not null there."""
    known = part if isinstance(part, dict) else {}
    return {
        name: default if known.get(name) is None else known[name]
        for name, default in defaults.items()
    }


def _complete_comparison(old: Json) -> Json:
    weighed = {
        part: _fill(old[part], _WEIGHED) if old.get(part) else None
        for part in ("whole", "taught", "elsewhere")
    }
    verdict = old.get("verdict")
    return {
        "verdict": verdict if verdict in _VERDICTS else "insufficient_evidence",
        "reasons": old.get("reasons") or [],
        **weighed,
        **_fill(old, _COMPARISON),
        "guards": [_complete_guard(g) for g in old.get("guards") or [] if g.get("name") in _GUARDS],
    }


def _complete_guard(old: Json) -> Json:
    """Before guards had three states, one that chance may explain was taken to hold."""
    guard = {"name": old["name"]} | _fill(old, {"measured": 0.0, "allowed": 0.0})
    broken = old.get("broken") or []
    if "state" in old:
        return guard | {"state": old["state"], "words": old.get("words", ""), "broken": broken}
    within, no_worse = _GUARDS[old["name"]]
    measured, allowed = guard["measured"], guard["allowed"]
    words = within.format(measured=measured, allowed=allowed) if measured > 0 else no_worse
    if broken:
        state, words = "broken", " ".join(broken)
    elif measured > allowed:
        state, words = "open", words + " That much can be chance."
    else:
        state = "holds"
    return guard | {"state": state, "words": words, "broken": broken}


def _complete_ends(old: Json) -> Json:
    def fill(side: Json) -> Json:
        return {
            "in_scope": _fill(side.get("in_scope"), _ENDS),
            "out_of_scope": _fill(side.get("out_of_scope"), _FOREIGN_ENDS),
        }

    live = old.get("live")
    return {"candidate": fill(old.get("candidate") or {}), "live": fill(live) if live else None}


def _complete_pin(old: Json) -> Json:
    return _fill(old, {"text": "", "intent": None, "kept": False, "kept_before": None}) | {
        "candidate": _fill(old.get("candidate"), _REPLY),
        "live": _fill(old["live"], _REPLY) if old.get("live") else None,
    }


def _complete_training(old: Json) -> Json:
    export, index, spec = old.get("export"), old.get("index"), old.get("spec") or {}
    return _fill(old, _TRAINING) | {
        "history": [_fill(epoch, _EPOCH) for epoch in old.get("history") or []],
        "export": _complete_export(export) if export and "precision" in export else None,
        "index": _fill(index, {"ef": 0, "recall_at_10": 0.0}) if index else None,
        "spec": {
            name: value
            for name, value in spec.items()
            if value is None or isinstance(value, str | int | float)
        },
    }


def _complete_export(old: Json) -> Json:
    rejected = [_fill(each, {"precision": "", "why": ""}) for each in old.get("rejected") or []]
    return _fill(old, _EXPORT) | {"rejected": rejected}


def _complete_sources(old: list[Json] | None) -> list[Json] | None:
    """None in reports from before sources were kept."""
    if old is None:
        return None
    return [
        _fill(each, {"source": "", "taught": 0, "measures": 0})
        | {"without": _complete_without(each["without"]) if each.get("without") else None}
        for each in old
    ]


def _complete_without(old: Json) -> Json:
    shape = dict.fromkeys(("better", "worse", "gain")) | {"p_value": 1.0}
    return {"verdict": old.get("verdict", "insufficient_evidence")} | _fill(old, shape)


def _read_reports() -> list[tuple[int, Json]]:
    """Return (version, report) of all that were evaluated."""
    rows = op.get_bind().execute(sa.select(_VERSIONS.c.id, _VERSIONS.c.report)).all()
    return [(version, report) for version, report in rows if report]


def _write(version: int, **values: object) -> None:
    op.execute(sa.update(_VERSIONS).where(_VERSIONS.c.id == version).values(**values))
