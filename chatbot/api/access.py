"""Administrators: API keys, and the trail of who did what."""

from apiflask import APIBlueprint

from chatbot.api.schemas.access import AuditEventOut, AuditOut, KeyIn, KeyOut, KeysOut, NewKeyOut
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.paging import ById, cut
from chatbot.services.access import audit, keys
from chatbot.services.access.keys import Scope

blueprint = APIBlueprint("access", __name__, tag="Access", url_prefix="/v1/admin")


@blueprint.get("/audit")
@requires(Scope.ADMIN)
@blueprint.input(ById, location="query", arg_name="wanted")
@blueprint.output(AuditOut)
def list_audit(wanted: ById) -> AuditOut:
    """List who did what, newest first."""
    with parts().database.read() as session:
        rows = audit.list_events(session, wanted.cursor, wanted.limit + 1)
    page, following = cut(rows, wanted.limit, lambda event: event.id)
    return AuditOut(items=[AuditEventOut.model_validate(event) for event in page], next=following)


@blueprint.get("/keys")
@requires(Scope.ADMIN)
@blueprint.output(KeysOut)
def list_keys() -> KeysOut:
    """List all keys, revoked ones too; never the keys themselves."""
    with parts().database.read() as session:
        return KeysOut(items=[KeyOut.model_validate(row) for row in keys.list_keys(session)])


@blueprint.post("/keys")
@requires(Scope.ADMIN)
@blueprint.input(KeyIn, arg_name="body")
@blueprint.output(NewKeyOut, status_code=201)
def create_key(body: KeyIn) -> NewKeyOut:
    """Make a key. This response is the only one that shows it."""
    with parts().database.write() as session:
        row, secret = keys.create_key(
            session, caller().name, body.name, body.scope, body.expires_at
        )
    return NewKeyOut(**KeyOut.model_validate(row).model_dump(), key=secret)


@blueprint.delete("/keys/<id:key_id>")
@requires(Scope.ADMIN)
@blueprint.output({}, status_code=204)
def revoke_key(key_id: str) -> tuple[str, int]:
    """Refuse a key, in all processes within two seconds; revoking it again changes nothing."""
    with parts().database.write() as session:
        keys.revoke_key(session, caller().name, key_id)
    parts().keys.forget()
    return "", 204
