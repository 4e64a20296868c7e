"""Tell whether the demo was removed since: what was made before is measured and
calibrated by it.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.storage.tables import AuditEvent, ModelVersion

REMOVED = "demo.remove"


def knows_removed_demo(session: Session, version: ModelVersion) -> bool:
    """Return whether `version` was made of an FAQ that held the demo, which was removed since."""
    removals = select(AuditEvent).where(AuditEvent.action == REMOVED)
    newest = session.scalar(removals.order_by(AuditEvent.id.desc()).limit(1))
    return newest is not None and version.knowledge_revision < newest.detail["revision"]
