"""Sites that visitors ask from."""

from chatbot.bootstrap import Parts
from chatbot.services.asking import sites

SHOP = "https://shop.example"


def make_site(
    parts: Parts, *origins: str, per_visitor: int = 30, per_site: int = 600
) -> dict[str, str]:
    """The headers that a browser sends from a page of the site's first origin."""
    parts.limits._counters.window_seconds = 3600  # none ends in a test
    with parts.database.write() as session:
        site = sites.create_site(session, "test", "Shop", origins or [SHOP], per_visitor, per_site)
        key = site.key
    parts.sites.forget()
    return {"Authorization": f"Bearer {key}", "Origin": (origins or [SHOP])[0]}
