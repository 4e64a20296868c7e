"""Every setting: its name, type, default and meaning, read once and checked at start.

A field `held_out_share` is set by the environment variable `CHATBOT_HELD_OUT_SHARE`, or, for a
secret kept in a file, by `CHATBOT_HELD_OUT_SHARE_FILE`. `docs/operations.md` lists them all.
"""

import difflib
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from warnings import warn

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from chatbot.errors import SettingsError

PREFIX = "CHATBOT_"
_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 bytes
_ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(?::\d{1,5})?", re.IGNORECASE)
_RENAMED = {
    "sample_share": "live_sample_share",
    "source_cap": "nightly_cap_per_source",
    "intent_cap": "nightly_cap_per_intent",
    "quarantine_least": "quarantine_never_below",
    "quarantine_alone": "quarantine_after_overrulings",
}
"""Names that variables had until 0.1.0, and that they have now."""

Share = Annotated[float, Field(ge=0, le=1)]


def without_password(url: str) -> str:
    """Return `url` as it may be shown; one that cannot be parsed loses all behind its scheme."""
    if not url or "://" not in url:
        return url
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url.split("://", 1)[0] + "://…"


class Settings(BaseModel):
    """The settings in one frozen object; nothing else in the project reads the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(Path("var"), description="Folder that holds all state of this instance.")
    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the web server listens on.")
    web_processes: int = Field(2, ge=1, le=64, description="Web processes.")
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=5,
        description="Reverse proxies in front, whose X-Forwarded-For and -Proto are believed.",
    )
    max_questions: int = Field(
        42,
        ge=1,
        le=1000,
        description="Questions that a web process works on at once; more are refused with 503.",
    )
    encoder_threads: int = Field(
        1, ge=1, le=64, description="CPU threads that encode one question."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Log level."
    )
    log_format: Literal["text", "json"] = Field("text", description="Log format: text or json.")

    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder.")
    redis_url: str = Field(
        "", description="Redis URL; empty: an embedded store in the data folder."
    )
    artefacts_url: str = Field(
        "", description="Where models are kept (path, s3://…); empty: data folder."
    )
    base_model: str = Field(
        "", description="Base model: folder or hub name; empty: packaged MiniLM."
    )

    neighbours: int = Field(
        10, ge=1, le=100, description="Nearest utterances that vote, from the next version on."
    )
    vote_temperature: float = Field(
        0.1, gt=0, le=1, description="How evenly they weigh, from the next version on."
    )
    promise: Share = Field(0.1, description="Largest share of automatic answers that may be wrong.")
    promise_confidence: float = Field(
        0.8,
        ge=0,
        lt=1,
        description="Confidence with which one's own data must show that the promise is kept.",
    )
    clarify_probability: Share | None = Field(
        None,
        description="Least probability that the offered intents hold the right one; empty: where "
        "asking back costs less than a hand-off.",
    )
    max_text_chars: int = Field(
        2000, ge=100, le=20000, description="Longest question, in characters."
    )
    poll_seconds: float = Field(
        2.0, ge=0.1, le=60, description="How often a web process looks for changes."
    )

    private_networks: bool = Field(
        False, description="Whether webhooks and Chatwoot may be at private addresses."
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[!-~]+)?$",
        max_length=500,
        description="Where people reach this instance, https://…; for links in e-mails.",
    )
    site_url: str = Field(
        "",
        pattern=r"^(https?://[!-~]+)?$",
        max_length=500,
        description="Where the helpdesk's own site is, https://…; links of answers such as /help "
        "lead there. Empty: to the site that shows the widget, and nowhere in the console.",
    )
    image_origins: str = Field(
        "",
        max_length=2000,
        description="Origins that pictures in answers are shown from, as https://cdn.example.org, "
        "with commas between them; others are links. Empty: all are.",
    )
    smtp_host: str = Field(
        "",
        pattern=r"^[\w.:-]*$",
        description="Mail relay that e-mails go through; empty: none are sent.",
    )
    smtp_port: int = Field(
        0, ge=0, le=65535, description="Its port; 0: 587, with `tls` 465, with `none` 25."
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How it is spoken to: starttls, tls from the start, or none."
    )
    smtp_user: str = Field(
        "", pattern=r"^[!-~]*$", description="Name to log in with at the relay; empty: no login."
    )
    smtp_password: SecretStr = Field(SecretStr(""), description="Password to log in with.")
    smtp_sender: str = Field(
        "",
        pattern=r"^([!#-'*+\-/-9=?A-Z^-~.]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?$",
        max_length=254,
        validate_default=True,
        description="Address that e-mails are from; an international domain in punycode.",
    )

    held_out_share: Share = Field(
        0.3, description="Share of confirmed questions kept for evaluation only."
    )
    held_out_cap: int = Field(
        50,
        ge=0,
        description="Most held-out questions per intent; later, undisputed ones train.",
    )
    nightly_cap_per_source: int = Field(
        500,
        ge=1,
        description="Confirmations of one person or key that teach in one night, and "
        "pairs of theirs that teach at all.",
    )
    nightly_cap_per_intent: int = Field(
        200, ge=1, description="Confirmations of one intent that teach in one night."
    )
    quarantine_never_below: int = Field(
        50,
        ge=1,
        description="Confirmations of one intent by one source in a day that are never sudden.",
    )
    quarantine_after_overrulings: int = Field(
        10,
        ge=1,
        description="How often one person or key may say, in four weeks, that the bot's answer was "
        "wrong in one and the same way, before somebody else has to say it too; and how many of "
        "their pairs may deny the intents of the FAQ.",
    )
    validation_share: Share = Field(
        0.1,
        description="Share of training rows kept for calibration; below 4,000 rows none is needed.",
    )

    unlabelled_cap: int = Field(
        5_000,
        ge=0,
        le=20_000,
        description="Most questions without a verdict that vote by a guess of what they ask for; "
        "0: none.",
    )

    retrain_at: str = Field(
        "02:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Nightly training, HH:MM UTC."
    )
    retrain_growth: float = Field(
        0.2,
        ge=0,
        le=10,
        description="The night trains when so much is new or changed, as a share of the rows that "
        "the newest model learnt; 0: anything. Who asks for a training gets it at once.",
    )
    start_from: Literal["base", "live"] = Field(
        "base", description="Weights that training starts from."
    )
    epochs: int = Field(
        3, ge=0, le=100, description="Passes over the training rows; a small FAQ gets more."
    )
    batch_size: int = Field(64, ge=2, le=4096, description="Texts in one training step.")
    learning_rate: float = Field(1e-4, gt=0, lt=1, description="Peak learning rate.")
    seed: int = Field(13, ge=0, description="Seed of everything random in training.")
    training_threads: int = Field(
        0, ge=0, le=256, description="CPU threads of the trainer; 0: all cores."
    )
    training_minutes: float = Field(240, gt=0, description="Longest that one training may take.")
    lease_seconds: float = Field(
        120, ge=1, description="How long a job stays its worker's without a heartbeat."
    )

    gate_alpha: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Chance that a live model is ever replaced by one that is no better.",
    )
    gate_intent_margin: Share = Field(0.1, description="How much worse one intent may get.")
    gate_out_of_scope_margin: Share = Field(
        0.1, description="How much more out-of-scope may be answered."
    )
    gate_coverage_margin: Share = Field(
        0.0, description="How many fewer in-scope questions may be answered rightly."
    )
    gate_wrong_answer_margin: Share = Field(
        0.02, description="How far wrong answers may exceed the promise."
    )
    gate_elsewhere_margin: Share = Field(
        0.02,
        description="How much more all other questions may cost, each, in wrong answers, where a "
        "model is better on the few intents that agents taught it something new about.",
    )

    cost_wrong_answer: float = Field(
        1.0,
        gt=0,
        le=1e6,
        description="What a wrong answer costs, in any unit that the three costs share. They say "
        "when the bot asks back, and weigh what a new model does better and worse.",
    )
    cost_handoff: float = Field(
        0.3,
        ge=0,
        validate_default=True,
        description="What a hand-off to a person costs; no more than a wrong answer.",
    )
    cost_click: float = Field(
        0.05,
        ge=0,
        validate_default=True,
        description="What it costs that a visitor must choose, or leaves; no more than a hand-off. "
        "Where models are compared, at least the promised share of a wrong answer.",
    )

    live_sample_share: Share = Field(
        0.02, description="Share of all questions that agents judge to measure the live bot."
    )
    watch_days: int = Field(
        7, ge=0, le=90, description="How long a promoted version is watched; 0: not at all."
    )
    watch_alpha: float = Field(
        0.01, gt=0, lt=1, description="Chance that a watch raises a false alarm."
    )
    watch_margin: Share = Field(
        0.05, description="How much worse visitors' figures may get without an alarm."
    )
    watch_least: int = Field(
        200, ge=10, description="Questions of a version before it is compared with another."
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> Self:
        """Read `CHATBOT_*`; `overrides` win over the environment. An earlier name counts, with a
        warning.

        Raises SettingsError, naming every bad variable, for unknown names and impossible values.
        """
        try:
            return cls(**(_read_variables(environ, set(cls.model_fields)) | overrides))
        except ValidationError as error:
            lines = [
                f"{PREFIX}{str(e['loc'][0]).upper() if e['loc'] else ''}: {e['msg']}"
                for e in error.errors()
            ]
            raise SettingsError("\n".join(lines)) from None

    @field_validator("database_url")
    @classmethod
    def _names_a_lasting_database(cls, url: str) -> str:
        try:
            parsed = make_url(url or "sqlite:///default")
        except ArgumentError:
            raise ValueError("not an SQLAlchemy URL: postgresql+psycopg://user@host/db") from None
        if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
            raise ValueError("an SQLite database in memory is another one for each connection")
        return url

    @field_validator("image_origins")
    @classmethod
    def _are_origins(cls, origins: str) -> str:
        for each in _split(origins):
            if not _ORIGIN.fullmatch(each):
                raise ValueError(f"“{each}” is no origin such as https://cdn.example.org")
        return origins

    @field_validator("smtp_user")
    @classmethod
    def _is_not_sent_in_clear(cls, user: str, others: ValidationInfo) -> str:
        if user and others.data.get("smtp_security") == "none":
            raise ValueError("a password needs CHATBOT_SMTP_SECURITY=starttls or tls")
        return user

    @field_validator("smtp_password")
    @classmethod
    def _can_be_sent(cls, password: SecretStr) -> SecretStr:
        if not password.get_secret_value().isascii():
            raise ValueError("only ASCII characters can be sent to the relay")
        return password

    @field_validator("smtp_sender")
    @classmethod
    def _is_given_with_a_relay(cls, sender: str, others: ValidationInfo) -> str:
        if not sender and others.data.get("smtp_host"):
            raise ValueError("needed with CHATBOT_SMTP_HOST: the address that e-mails are from")
        return sender

    @field_validator("cost_handoff", "cost_click")
    @classmethod
    def _costs_no_more_than_what_is_worse(cls, cost: float, info: ValidationInfo) -> float:
        worse = "cost_wrong_answer" if info.field_name == "cost_handoff" else "cost_handoff"
        if cost > info.data.get(worse, cost):
            raise ValueError(f"more than {PREFIX}{worse.upper()}, {info.data[worse]:g}")
        return cost

    @model_validator(mode="after")
    def _absolute_data_dir(self) -> Self:
        object.__setattr__(self, "data_dir", self.data_dir.expanduser().resolve())
        return self

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database in use."""
        return self.database_url or f"sqlite:///{self.data_dir / 'chatbot.db'}"

    @property
    def artefacts(self) -> str:
        """The fsspec URL of the artefact store in use."""
        return self.artefacts_url or str(self.data_dir / "artefacts")

    @property
    def picture_origins(self) -> frozenset[str]:
        """The origins that pictures in answers are shown from, in lower case."""
        return frozenset(each.lower() for each in _split(self.image_origins))

    @property
    def store_socket(self) -> Path:
        """The embedded store's socket; in the temporary folder if the data folder is deep."""
        path = self.data_dir / "store.sock"
        if len(str(path)) <= _LONGEST_SOCKET_PATH:
            return path
        name = hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"chatbot-{os.getuid()}-{name}" / "store.sock"

    @property
    def redis(self) -> str:
        """The URL of the store in use, as redis-py reads it."""
        return self.redis_url or f"unix://{self.store_socket}"

    @property
    def broker(self) -> str:
        """The URL of the store in use, as Celery reads it."""
        return self.redis_url or f"redis+socket://{self.store_socket}?virtual_host=0"

    @property
    def cache_dir(self) -> Path:
        """The folder with verified local copies of artefacts."""
        return self.data_dir / "artefacts" if not self.artefacts_url else self.data_dir / "cache"


def _split(listed: str) -> list[str]:
    return [each.strip() for each in listed.split(",") if each.strip()]


def _read_variables(environ: Mapping[str, str], known: set[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for variable, given in environ.items():
        if not variable.startswith(PREFIX) or given == "":
            continue
        name, value = variable.removeprefix(PREFIX).lower(), given
        if name not in known and name.endswith("_file"):
            name, value = name.removesuffix("_file"), _read_secret(variable, value)
        if name in _RENAMED:
            name = _RENAMED[name]
            warn(f"{variable} is called {PREFIX}{name.upper()} now.", FutureWarning, stacklevel=3)
        if name not in known:
            raise SettingsError(f"{variable} is not a setting.{_did_you_mean(name, known)}")
        if name in values:
            raise SettingsError(f"{variable} is given twice: two variables set it. Keep one.")
        values[name] = value
    return values


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}: cannot read {path}: {error.strerror}") from None


def _did_you_mean(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {PREFIX}{close[0].upper()}?" if close else ""
