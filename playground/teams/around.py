"""What is around every chat: the clock, the company's site, the networks' composers and the bot's public paths."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from playground.acting import acting
from playground.api import READS, reading
from playground.controls import CONTROLS
from playground.networks import NetworkPages
from playground.parts import Playground
from playground.proxy import Passing, open_as
from playground.server import EVERY_METHOD, PUBLIC
from playground.site import SITE, odd, page
from playground.social.api import NET_ACTS, NET_READS

READABLE = ("clock", "composers", "posts")
MOVABLE = ("clock", "settle")


def around(play: Playground) -> list[BaseRoute]:
    """Return the routes of all that."""
    networks, passing = NetworkPages(play), Passing(play).answer

    async def become(request: Request) -> Response:
        return open_as(play, request)

    return [
        *(Route(f"/api/{name}", acting(play, CONTROLS[name]), methods=["POST"]) for name in MOVABLE),
        *(Route(f"/api/{name}", reading(play, READS[name])) for name in READABLE),
        *(Route(f"/api/{name}", acting(play, act), methods=["POST"]) for name, act in NET_ACTS.items()),
        *(Route(f"/api/{name}", reading(play, read)) for name, read in NET_READS.items()),
        *(Route(path + "{rest:path}", passing, methods=EVERY_METHOD) for path in PUBLIC),
        Route("/open", become),
        Route("/network/{network}/publish", networks.publish, methods=["POST"]),
        Route("/network/{network}", networks.show),
        Route("/network/{network}/{path:path}", networks.show),
        *play.social.routes(),
        Route("/site/test/{kind}", odd),
        Mount("/site/pictures", StaticFiles(directory=SITE / "pictures", check_dir=False)),
        Route("/site/{name}", page(play)),
    ]
