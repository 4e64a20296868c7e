"""Open model versions as matchers, and tell the rest of the installation what this process runs."""

import time
from contextlib import suppress

from chatbot.errors import ArtefactRefused, ChatbotError, NotReady
from chatbot.matching.bundle import Bundle
from chatbot.matching.live import Target
from chatbot.matching.matcher import Matcher
from chatbot.services.knowledge.catalogue import (
    read_catalogue,
    read_catalogue_to_judge,
    read_edit,
    read_target,
)
from chatbot.services.releases import jobs, processes, thresholds
from chatbot.services.releases.processes import ProcessKind
from chatbot.services.releases.release import get_version
from chatbot.settings import Settings
from chatbot.storage.artefacts import ArtefactStore, read_manifest
from chatbot.storage.database import Database

_HEARTBEAT_SECONDS = 15.0


class StoredModels:
    """The model versions as the database and the artefact store know them; a
    `matching.live.Source`.
    """

    def __init__(self, settings: Settings, database: Database, artefacts: ArtefactStore) -> None:
        self._database = database
        self._artefacts = artefacts
        self._threads = settings.encoder_threads
        self._identity: processes.Identity | None = None
        self._reported: tuple[Target | None, str | None] | None = None
        self._reported_at = 0.0

    def open_version(self, version_id: int | None = None, to_judge: bool = False) -> Matcher:
        """Return a matcher for a version, by default the live one, with today's FAQ.

        One to be judged is not told what it is judged by: an agent's word on those very questions.
        Raises NotFound for an unknown version, ArtefactRefused for a damaged artefact.
        """
        with self._database.read() as session:
            target = read_target(session)
            if version_id is not None:
                digest = get_version(session, version_id).digest
            elif target is not None:
                version_id, digest = target.version, target.digest
            else:
                raise ArtefactRefused(
                    "there is no model yet; `chatbot up` or `chatbot retrain` makes one"
                )
        return self._open(version_id, digest, to_judge)

    def open_bundle(self, digest: str) -> Bundle:
        """Open the artefact named `digest`. Raises ArtefactRefused, naming the artefact and the
        reason.
        """
        folder = self._artefacts.fetch(digest)
        try:
            return Bundle.open(folder, read_manifest(folder), self._threads)
        except ArtefactRefused as error:
            raise ArtefactRefused(f"{digest[:12]}: {error}") from error

    def read_target(self) -> Target | None:
        """Return what should be live now.

        Raises NotReady, with what becomes of the first model, while there is none.
        """
        with self._database.read() as session:
            target = read_target(session)
            if target is None and (words := jobs.say_where_first_is(session)):
                raise NotReady(words)
            return target

    def open_matcher(self, target: Target, previous: Matcher | None) -> Matcher:
        if previous is not None and previous.version == target.version:
            return self._take_up_edits(previous)
        return self._open(target.version, target.digest)

    def report(self, adopted: Target | None, error: str | None) -> None:
        """Write this process's row when something changed, else every 15 seconds."""
        unchanged = (adopted, error) == self._reported
        if unchanged and time.monotonic() - self._reported_at < _HEARTBEAT_SECONDS:
            return
        self._identity = self._identity or processes.Identity(ProcessKind.WEB)
        try:
            with self._database.write() as session:
                processes.beat(session, self._identity, adopted, error)
        except ChatbotError:
            return
        self._reported, self._reported_at = (adopted, error), time.monotonic()

    def leave(self) -> None:
        """Withdraw this process's row when it stops; a killed one fades by its heartbeat."""
        if self._identity is not None:
            with suppress(ChatbotError), self._database.write() as session:
                processes.leave(session, self._identity)

    def _open(self, version: int, digest: str, to_judge: bool = False) -> Matcher:
        bundle = self.open_bundle(digest)
        with self._database.read() as session:
            catalogue = read_catalogue_to_judge(session) if to_judge else read_catalogue(session)
            adapted = None if to_judge else thresholds.read_in_force(session, version)
        return Matcher.build(version, bundle, catalogue, bundle.rule).calibrated(adapted)

    def _take_up_edits(self, previous: Matcher) -> Matcher:
        with self._database.read() as session:
            adapted = thresholds.read_in_force(session, previous.version)
            edit = read_edit(session, previous.revision)
            if edit is not None:
                return previous.edited(edit).calibrated(adapted)
            catalogue = read_catalogue(session)
        bundle = previous.bundle
        built = Matcher.build(previous.version, bundle, catalogue, bundle.rule, previous)
        return built.calibrated(adapted)
