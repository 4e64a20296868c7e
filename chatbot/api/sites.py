"""Admins: sites that show the widget, their public keys, origins and limits."""

from apiflask import APIBlueprint

from chatbot.api.schemas.visitors import SiteIn, SiteOut, SitesOut
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.asking import sites

blueprint = APIBlueprint("sites", __name__, tag="Sites", url_prefix="/v1/admin/sites")


@blueprint.get("")
@requires(Scope.ADMIN)
@blueprint.output(SitesOut)
def list_sites() -> SitesOut:
    """List sites with their keys."""
    with parts().database.read() as session:
        return SitesOut(items=[SiteOut.model_validate(row) for row in sites.list_sites(session)])


@blueprint.post("")
@requires(Scope.ADMIN)
@blueprint.input(SiteIn, arg_name="body")
@blueprint.output(SiteOut, status_code=201)
@blueprint.doc(responses=[409])
def create_site(body: SiteIn) -> SiteOut:
    """Make a site and its key."""
    with parts().database.write() as session:
        site = sites.create_site(session, caller().name, **body.model_dump())
        session.flush()
        made = SiteOut.model_validate(site)
    parts().sites.forget()
    return made


@blueprint.put("/<id:key>")
@requires(Scope.ADMIN)
@blueprint.input(SiteIn, arg_name="body")
@blueprint.output(SiteOut)
@blueprint.doc(responses=[409])
def change_site(key: str, body: SiteIn) -> SiteOut:
    """Change name, origins and limits; the key stays."""
    with parts().database.write() as session:
        site = sites.change_site(session, caller().name, key, **body.model_dump())
        changed = SiteOut.model_validate(site)
    parts().sites.forget()
    return changed


@blueprint.delete("/<id:key>")
@requires(Scope.ADMIN)
@blueprint.output({}, status_code=204)
def revoke_site(key: str) -> tuple[str, int]:
    """Refuse its key, in all processes within two seconds; repeating it changes nothing."""
    with parts().database.write() as session:
        sites.revoke_site(session, caller().name, key)
    parts().sites.forget()
    return "", 204
