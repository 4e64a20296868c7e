"""A person's promotion or rollback: open the version first, then move the pointer to it.

A version that no process can load must not become live, and loading takes too long to hold a
transaction open for.
"""

from chatbot.services.releases import release
from chatbot.services.releases.open_models import StoredModels
from chatbot.storage.database import Database
from chatbot.storage.tables import Release


def promote(
    database: Database,
    models: StoredModels,
    version_id: int,
    by: str,
    reason: str,
    expected_generation: int | None = None,
) -> Release:
    """Make a version live, whatever its verdict.

    Raises NotFound, ArtefactRefused if it cannot be loaded, Conflict if it is live already or the
    pointer moved since `expected_generation`.
    """
    with database.read() as session:
        digest = release.get_version(session, version_id).digest
    models.open_bundle(digest)
    with database.write() as session:
        return release.promote(session, version_id, by, reason, expected_generation)


def roll_back(
    database: Database,
    models: StoredModels,
    by: str,
    reason: str,
    to_version: int | None = None,
    expected_generation: int | None = None,
) -> Release:
    """Return to `to_version`, or to the version that was live before.

    Raises NotFound, ArtefactRefused if it cannot be loaded, Conflict if there is nothing to return
    to, the named one never was live, or the pointer moved since `expected_generation`.
    """
    with database.read() as session:
        target = release.rollback_target(session, to_version)
    models.open_bundle(target.digest)
    with database.write() as session:
        return release.roll_back(session, by, reason, target.id, expected_generation)
