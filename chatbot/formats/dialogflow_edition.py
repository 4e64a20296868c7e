"""What the editions of Dialogflow share: an agent is a folder, and a file of it alone is none."""

from collections.abc import Callable
from dataclasses import dataclass

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.source import Source

ALONE = "is the settings of an agent alone: hand over the whole folder or zip that it was in"
_TWO_AGENTS = "holds several agents of Dialogflow: hand over one of them"


@dataclass(frozen=True)
class Edition:
    """An edition of Dialogflow.

    `find_roots` returns the folders that agents are in, each with “/” at its end or empty; `read`
    reads the one in such a folder. `refuse` says why a file that came by itself is no export, or
    None, and `otherwise` why a source without an agent is none.
    """

    name: str
    title: str
    find_roots: Callable[[Source], list[str]]
    read: Callable[[Source, str], CatalogueDraft]
    refuse: Callable[[Source, str], str | None]
    otherwise: str

    def as_format(self) -> Format:
        """Return the format that the registry holds."""
        return Format(name=self.name, title=self.title, sniff=self._sniff, read=self._read)

    def _sniff(self, source: Source) -> bool:
        """Whether it is an agent, a file of one, or something else that this edition made."""
        return bool(self.find_roots(source)) or self._refusal(source) is not None

    def _read(self, source: Source) -> CatalogueDraft:
        """Return what an agent says. Raises InvalidCatalogue with every mistake of its files."""
        roots = self.find_roots(source)
        refusal = _TWO_AGENTS if len(roots) > 1 else self._refusal(source)
        if refusal or not roots:
            raise InvalidCatalogue([Mistake(source.name, 0, refusal or self.otherwise)])
        return self.read(source, roots[0])

    def _refusal(self, source: Source) -> str | None:
        path = source.only()
        return None if path is None or source.is_folder else self.refuse(source, path)
