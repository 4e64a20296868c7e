"""The errors that this package raises on purpose.

    ChatbotError
    ├── SettingsError             a setting has an impossible value
    ├── InvalidText               a text that cannot be matched or stored
    ├── InvalidCatalogue          FAQ files with mistakes, each with file and line
    ├── NotFound                  no such intent, query, version …
    ├── Conflict                  the request contradicts what is stored
    │   ├── UtteranceTaken        the same phrasing belongs to another intent
    │   └── Outdated              somebody changed it since the caller read it
    ├── AccessDenied
    │   ├── NotAuthenticated      nobody known: no key, a dead one, or not signed in
    │   └── NotAuthorised         a good key without the needed scope
    ├── TooManyAttempts           wrong passwords, more than a person makes
    ├── RateLimited               more requests than a site's visitors may make
    ├── NotReady                  no matcher is loaded yet
    ├── ArtefactRefused           a stored model that must not be loaded, with the reason
    ├── LeaseLost                 another worker owns the job now
    ├── TrainingFailed            the trainer could not make a model
    ├── ExportRefused             the exported encoder disagrees with the trained one
    ├── BaseModelRefused          a base model that must not be loaded
    ├── AddressRefused            a URL that must not be called, with the reason
    ├── Unreachable               a foreign server did not answer, or not in time
    └── ServiceUnavailable        the database or the store does not answer

Messages say what is wrong and what to do. They know nothing of HTTP: ``http/errors.py`` maps them.
"""

from dataclasses import dataclass


class ChatbotError(Exception):
    """The base of every error that this package raises on purpose."""


class SettingsError(ChatbotError):
    pass


class InvalidText(ChatbotError):
    pass


@dataclass(frozen=True)
class Mistake:
    """A mistake in an FAQ file; `line` counts from 1, 0 means the whole file."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.reason}"
            if self.line
            else f"{self.file}: {self.reason}"
        )


class InvalidCatalogue(ChatbotError):
    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(map(str, mistakes)))


class NotFound(ChatbotError):
    pass


class Conflict(ChatbotError):
    pass


class UtteranceTaken(Conflict):
    def __init__(self, text: str, owner: str, wanted: str) -> None:
        self.text, self.owner, self.wanted = text, owner, wanted
        super().__init__(
            f"“{text}” already belongs to intent “{owner}”, so it cannot belong to “{wanted}”. "
            "Remove it there first, or leave it out here."
        )


class Outdated(Conflict):
    pass


class AccessDenied(ChatbotError):
    pass


class NotAuthenticated(AccessDenied):
    pass


class NotAuthorised(AccessDenied):
    pass


class TooManyAttempts(ChatbotError):
    pass


class RateLimited(ChatbotError):
    pass


class NotReady(ChatbotError):
    pass


class ArtefactRefused(ChatbotError):
    pass


class LeaseLost(ChatbotError):
    pass


class TrainingFailed(ChatbotError):
    pass


class ExportRefused(ChatbotError):
    pass


class BaseModelRefused(ChatbotError):
    pass


class AddressRefused(ChatbotError):
    pass


class Unreachable(ChatbotError):
    pass


class ServiceUnavailable(ChatbotError):
    pass
