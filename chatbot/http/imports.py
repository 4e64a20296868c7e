"""Carry an import on, whichever page or route asked for it: small files at once, others beside."""

from chatbot.http.context import parts
from chatbot.http.markdown import surroundings_of_visitors
from chatbot.services.beginning import import_process, imports
from chatbot.storage.tables import FaqImport


def carry_on(kept: FaqImport) -> bool:
    """Read or write an import as it was asked for; return whether that is done already.

    A large file is read and written by another process: neither this request nor the questions of
    visitors wait for it.
    """
    database, nudge = parts().database, parts().nudge
    surroundings = surroundings_of_visitors()
    if kept.is_large:
        import_process.start(database, kept.id, kept.token, nudge.send, surroundings)
        return False
    imports.run_at_once(database, kept.id, kept.token, surroundings)
    nudge.send()
    return True
