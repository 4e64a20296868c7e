"""Pairs with a score: what agents say of two texts teaches the next model how near they belong."""

from apiflask import APIBlueprint

from chatbot.api.schemas.pairs import PairIn, PairOut, PairsOut
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.paging import ById, cut
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import pairs

blueprint = APIBlueprint("pairs", __name__, tag="Training", url_prefix="/v1/pairs")


@blueprint.get("")
@requires(Scope.AGENT)
@blueprint.input(ById, location="query", arg_name="wanted")
@blueprint.output(PairsOut)
def list_pairs(wanted: ById) -> PairsOut:
    """List pairs with a score, newest first."""
    with parts().database.read() as session:
        rows = pairs.list_pairs(session, wanted.cursor, wanted.limit + 1)
        page, following = cut(rows, wanted.limit, lambda row: row.id)
        return PairsOut(items=[PairOut.model_validate(row) for row in page], next=following)


@blueprint.post("")
@requires(Scope.AGENT)
@blueprint.input(PairIn, arg_name="body")
@blueprint.output(PairOut, status_code=201)
@blueprint.doc(responses=[409])
def add_pair(body: PairIn) -> PairOut:
    """Say how alike two texts are; saying it again changes nothing, a new score replaces it."""
    with parts().database.write() as session:
        pair = pairs.add_pair(
            session, caller().name, body.text_a, body.text_b, body.score, pairs.Source.API
        )
        return PairOut.model_validate(pair)


@blueprint.delete("/<int:pair_id>")
@requires(Scope.EDITOR)
@blueprint.output({}, status_code=204)
def remove_pair(pair_id: int) -> tuple[str, int]:
    """Take a pair back; from the next training on it teaches nothing."""
    with parts().database.write() as session:
        pairs.remove_pair(session, caller().name, pair_id)
    return "", 204
