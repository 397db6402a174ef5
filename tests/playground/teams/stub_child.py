"""A small bot as a process of its own, which goes where the environment leads it and answers what it is told."""

import asyncio
import json
import os
import sys

import aiohttp
from aiohttp import web


async def answer(activity: dict[str, object]) -> None:
    """Log in and write back the text and the first line of the company's file."""
    env, place = os.environ, activity["conversation"]
    form = {
        "grant_type": "client_credentials",
        "client_id": env["TEAMS_APP_ID"],
        "client_secret": env["TEAMS_APP_PASSWORD"],
        "scope": "https://api.botframework.com/.default",
    }
    url = f"{env['TEAMS_LOGIN_URL']}/{env['TEAMS_TENANT_ID']}/oauth2/v2.0/token"
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=form) as response:
            token = (await response.json())["access_token"]
        where = f"{activity['serviceUrl']}v3/conversations/{place['id']}/activities"  # type: ignore[index]
        told = {"type": "message", "text": f"You said {activity['text']}"}
        async with session.post(where, json=told, headers={"Authorization": f"Bearer {token}"}):
            pass


async def messages(request: web.Request) -> web.Response:
    """Take an activity."""
    activity = await request.json()
    if activity["type"] == "message":
        await answer(activity)
    if activity["type"] == "invoke":
        data = {"do": "leave_for_network"}
        url = f"{os.environ['PUBLIC_URL']}/go/x"
        submit = {"type": "Action.Submit", "title": "Go on", "data": {"vouch": json.dumps(data)}}
        text = {"type": "Input.Text", "id": "text"}
        leave = {"type": "Action.OpenUrl", "title": "Open", "url": url}
        shown = [leave] if activity["name"] == "task/submit" else [submit]
        content = {"type": "AdaptiveCard", "version": "1.5", "body": [text], "actions": shown}
        card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
        return web.json_response({"task": {"type": "continue", "value": {"title": "A dialog", "card": card}}})
    return web.Response(status=202)


async def go(_request: web.Request) -> web.Response:
    """Lead to a composer."""
    return web.Response(status=302, headers={"Location": os.environ["VOUCH_NETWORKS__LINKEDIN__COMPOSER_URL"]})


async def gauges(_request: web.Request) -> web.Response:
    """Say that there is nothing to do."""
    return web.Response(text="vouch_jobs_due 0\nvouch_jobs_held_back 0\nvouch_jobs_running 0\n")


async def ready(_request: web.Request) -> web.Response:
    """Say that the bot is ready."""
    return web.Response()


def main() -> None:
    """Serve where the environment says, and read what the command line and the environment name."""
    if "broken" in sys.argv:
        sys.exit("this bot does not start")
    for path in (os.environ["VOUCH_CONFIG"], *sys.argv[2:]):
        with open(path, encoding="utf-8") as file:
            print(file.readline().strip(), flush=True)  # noqa: T201 - it goes to the log
    app = web.Application()
    app.router.add_post("/teams/messages", messages)
    app.router.add_get("/metrics", gauges)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/go/{token}", go)
    web.run_app(app, host=os.environ["VOUCH_HOST"], port=int(os.environ["VOUCH_PORT"]), print=None)


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())
    main()
