"""Tests mirror the tree: the test of a module is found by its path, and is there."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "tests" / "unit"
ACROSS = "across"  # tests of what several modules do together

# Modules with a function that have no test file of their own, and why.
SHAPES = "what requests and replies are made of: tests of each route send them and read them"
PART = "a part of one format, whose tests read whole files through it"
EXEMPT = {
    "chatbot/api/schemas/ask.py": SHAPES,
    "chatbot/api/schemas/base.py": SHAPES,
    "chatbot/api/schemas/faq.py": SHAPES,
    "chatbot/api/schemas/imports.py": SHAPES,
    "chatbot/api/schemas/integrations.py": SHAPES,
    "chatbot/api/schemas/intents.py": SHAPES,
    "chatbot/api/schemas/monitoring.py": SHAPES,
    "chatbot/api/schemas/pins.py": SHAPES,
    "chatbot/api/schemas/quarantine.py": SHAPES,
    "chatbot/api/schemas/queries.py": SHAPES,
    "chatbot/api/schemas/releases.py": SHAPES,
    "chatbot/api/schemas/thresholds.py": SHAPES,
    "chatbot/api/schemas/visitors.py": SHAPES,
    "chatbot/bootstrap.py": "wires the parts that nearly every test is given",
    "chatbot/console/__init__.py": "registers the pages, each of which has its tests",
    "chatbot/failpoints.py": "kills a process: tests/integration/test_crashes.py",
    "chatbot/formats/botpress_files.py": PART,
    "chatbot/formats/chatwoot.py": "articles, as test_articles.py reads them",
    "chatbot/formats/dialogflow_cx_files.py": PART,
    "chatbot/formats/dialogflow_edition.py": PART,
    "chatbot/formats/dialogflow_es_files.py": PART,
    "chatbot/formats/dialogflow_messages.py": PART,
    "chatbot/formats/dialogflow_rich.py": PART,
    "chatbot/formats/freshdesk.py": "articles, as test_articles.py reads them",
    "chatbot/formats/html_cleaning.py": "read through by test_html.py",
    "chatbot/formats/intercom.py": "articles, as test_articles.py reads them",
    "chatbot/formats/json_parts.py": "read through by test_luis.py, test_lex.py, test_tock.py",
    "chatbot/formats/json_values.py": "read through by test_dialogflow_es.py, test_watson.py",
    "chatbot/formats/languages.py": "read through by test_qnamaker.py",
    "chatbot/formats/links.py": "read through by test_html.py and test_articles.py",
    "chatbot/formats/markdown_pages.py": "read through by test_pages.py",
    "chatbot/formats/microsoft.py": "read through by test_luis.py and test_clu.py",
    "chatbot/formats/qna_pairs.py": "read through by test_qnamaker.py",
    "chatbot/formats/qnamaker_tables.py": "read through by test_qnamaker.py",
    "chatbot/formats/qnamaker_writer.py": "written and read again by test_qnamaker.py",
    "chatbot/formats/rasa/answers.py": PART,
    "chatbot/formats/rasa/files.py": PART,
    "chatbot/formats/rasa/markdown.py": PART,
    "chatbot/formats/rasa/parts.py": PART,
    "chatbot/formats/rasa/project.py": PART,
    "chatbot/formats/rasa/reader.py": PART,
    "chatbot/formats/rasa/responses.py": PART,
    "chatbot/formats/rasa/writer.py": PART,
    "chatbot/formats/rasa/yaml_files.py": PART,
    "chatbot/formats/tables.py": "read through by test_own_csv.py and test_own_xlsx.py",
    "chatbot/formats/templates.py": "read through by test_luis.py and test_lu.py",
    "chatbot/formats/unread.py": "read through by test_pages.py",
    "chatbot/formats/watson_dialog.py": PART,
    "chatbot/formats/watson_output.py": PART,
    "chatbot/formats/workbook.py": "read through by test_own_xlsx.py and test_qnamaker.py",
    "chatbot/formats/yaml_text.py": "read through by test_rasa.py and test_snips.py",
    "chatbot/formats/zendesk.py": "articles, as test_articles.py reads them",
    "chatbot/http/context.py": "one look-up, by which every view gets its parts",
    "chatbot/matching/encoder.py": "a contract: tests/contracts/test_encoder.py",
    "chatbot/supervise.py": "starts processes: tests/integration/test_supervise.py",
    "chatbot/web.py": "a server of its own: tests/integration/test_web.py",
    "workers/app.py": "sets Celery up: tests/test_agreements.py and tests/e2e",
    "workers/export/bert.py": "exported and compared by test_export.py and test_parity.py",
    "workers/export/torch_graph.py": "exported and compared by test_export.py and test_parity.py",
    "workers/tasks.py": "one line for each use case: tests/test_agreements.py and tests/e2e",
    "workers/training/training_loop.py": "trains whole in test_train_process.py",
}


def test_each_module_with_a_function_has_its_test_file() -> None:
    untested = {str(module) for module, test in mirror().items() if not (UNIT / test).is_file()}
    assert sorted(untested - EXEMPT.keys()) == []


def test_what_is_exempt_is_a_module_without_a_test_file() -> None:
    untested = {str(module) for module, test in mirror().items() if not (UNIT / test).is_file()}
    assert sorted(EXEMPT.keys() - untested) == []


def test_each_test_file_is_named_after_a_module_or_tests_across_them() -> None:
    modules = {place_of(path.relative_to(ROOT)) for path in list_modules()}
    found = {path.relative_to(UNIT) for path in UNIT.rglob("test_*.py")}
    assert sorted(str(path) for path in found - modules if path.parts[0] != ACROSS) == []


def mirror() -> dict[Path, Path]:
    """The test file of each module with a function, from tests/unit/."""
    modules = [path.relative_to(ROOT) for path in list_modules() if has_a_function(path)]
    return {module: place_of(module) for module in modules}


def list_modules() -> list[Path]:
    return [path for folder in ("chatbot", "workers") for path in (ROOT / folder).rglob("*.py")]


def place_of(module: Path) -> Path:
    """`chatbot/a/b.py` has `a/test_b.py`, `workers/a/b.py` has `workers/a/test_b.py`.

    What a package does itself stands in its folder, under its name.
    """
    name = module.parent.name if module.stem == "__init__" else module.stem
    place = module.parent.relative_to("chatbot") if module.parts[0] == "chatbot" else module.parent
    return place / f"test_{name}.py"


def has_a_function(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))
