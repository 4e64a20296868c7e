"""Draw the kept results as SVG files in docs/pictures/."""

import json
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from bench.common import RESULTS

PICTURES = RESULTS.parent.parent / "docs" / "pictures"


def run() -> None:
    # Without a date and with fixed ids, the same result gives the same file.
    mpl.use("svg")
    plt.rcParams |= {"svg.hashsalt": "chatbot", "axes.spines.top": False}
    plt.rcParams |= {"axes.spines.right": False, "font.size": 10}
    PICTURES.mkdir(exist_ok=True)
    for name, draw in _DRAWN.items():
        source = RESULTS / f"{name}.json"
        if source.exists():
            figure = draw(json.loads(source.read_text(encoding="utf-8")))
            figure.tight_layout()
            figure.savefig(PICTURES / f"{name}.svg", metadata={"Date": None})
            print(f"{name}.svg")


def _serve(result: dict[str, Any]) -> Figure:
    """Questions a second and the median time, by how many ask at once."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    servers = {"ours (rows stored durably)": result["ours"], **result["peers"]}
    for name, server in servers.items():
        if "levels" not in server:
            continue
        clients = [int(count) for count in server["levels"]]
        levels = list(server["levels"].values())
        style: dict[str, Any] = {"marker": "o", "linewidth": 3 if server is result["ours"] else 1}
        left.plot(clients, [level["per_second"] for level in levels], label=name, **style)
        right.plot(clients, [level["p50_ms"] for level in levels], **style)
    left.axhline(result["floor"]["best_per_second"], color="grey", linestyle=":")
    left.annotate("encoder alone", (1, result["floor"]["best_per_second"]), va="bottom")
    left.set_ylabel("questions a second")
    right.set_ylabel("median time, ms")
    right.set_yscale("log")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(clients, [str(count) for count in clients])
        axes.set_xlabel("clients that ask one question after the other")
    left.legend(frameon=False, fontsize=8, loc=(0.02, 0.5))
    return figure


def _growth(result: dict[str, Any]) -> Figure:
    """Seconds of an edit and of a build, and milliseconds of a search, by utterances."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    sizes = [row["utterances"] for row in result["sizes"]]
    for key, label in (("build_s", "build the index"), ("open_s", "open a version"),
                       ("add_s", "an edit goes live")):  # fmt: skip
        left.plot(sizes, [row[key] for row in result["sizes"]], marker="o", label=label)
    for key, label in (("search_p50_ms", "search, median"), ("search_p99_ms", "search, p99"),
                       ("editing_search_p99_ms", "search during edits, p99")):  # fmt: skip
        right.plot(sizes, [row[key] for row in result["sizes"]], marker="o", label=label)
    left.set_ylabel("seconds")
    right.set_ylabel("milliseconds")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("utterances")
        axes.legend(frameon=False, fontsize=8)
    return figure


def _nights(result: dict[str, Any]) -> Figure:
    """Draw what the live version gets right after each night, by the verdicts given so far."""
    figure, axes = plt.subplots(figsize=(7, 4))
    for name, nights in result["months"].items():
        clicks = [night["clicks"] for night in nights]
        axes.step(clicks, [100 * n["top1"] for n in nights], where="post", label=f"{name} review")
    axes.axhline(100 * result["everything_top1"], color="grey", linestyle=":")
    axes.annotate("everything learnt", (0, 100 * result["everything_top1"]), va="bottom")
    axes.set_xlabel("verdicts of agents")
    axes.set_ylabel("right first, %")
    axes.legend(frameon=False, loc="lower right")
    return figure


_DRAWN: dict[str, Callable[[dict[str, Any]], Figure]] = {
    "serve": _serve,
    "growth": _growth,
    "nights": _nights,
}

if __name__ == "__main__":
    run()
