"""Windows over the Web API: trigger ids, the stack of three, hashes, external ids; and response urls."""

import asyncio
from typing import Any

from tests.playground.conftest import OFFICE, Start, World

Json = dict[str, Any]
WHO = {"as": "U0SANNE"}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def window(title: str = "Title", **more: object) -> Json:
    return {"type": "modal", "title": plain(title), "blocks": [{"type": "divider"}], **more}


async def trigger(world: World) -> str:
    """Return a fresh trigger id, as a command brings it."""
    await world.do("command", **WHO, channel=OFFICE, text="/vouch help", wait_s=0)
    return str(world.bot.of("command")[-1]["trigger_id"])


async def opened(world: World, external_id: str = "") -> Json:
    view = window(external_id=external_id)
    told = await world.slack("views.open", trigger_id=await trigger(world), view=view)
    assert told["ok"], told
    shown: Json = told["view"]
    return shown


async def window_trigger(world: World) -> str:
    """Return a trigger id that comes from a click in the open window."""
    view = (await world.see("view", as_="U0SANNE"))["view"]
    button = {"type": "button", "action_id": "go", "text": plain("Go")}
    blocks = [{"type": "actions", "elements": [button]}]
    await world.slack("views.update", view_id=view["id"], view={**window(), "blocks": blocks})
    await world.do("click", **WHO, view_id=view["id"], action_id="go", wait_s=0)
    return str(world.bot.of("block_actions")[-1]["trigger_id"])


async def test_a_trigger_id_opens_one_window(world: World) -> None:
    once = await trigger(world)
    view = (await world.slack("views.open", trigger_id=once, view=window(private_metadata="7")))["view"]
    assert (view["private_metadata"], view["root_view_id"], view["previous_view_id"]) == ("7", view["id"], None)
    again = await world.slack("views.open", trigger_id=once, view=window())
    assert again["error"] == "exchanged_trigger_id"
    assert (await world.slack("views.open", trigger_id="1.2.3", view=window()))["error"] == "invalid_trigger_id"


async def test_a_trigger_id_expires(start: Start) -> None:
    world = await start(trigger_s=0.05)
    late = await trigger(world)
    await asyncio.sleep(0.1)
    assert (await world.slack("views.open", trigger_id=late, view=window()))["error"] == "expired_trigger_id"


async def test_a_trigger_id_is_good_for_three_seconds(world: World) -> None:
    late = await trigger(world)
    world.play.permits.triggers[late].made_at -= 3.1
    assert (await world.slack("views.open", trigger_id=late, view=window()))["error"] == "expired_trigger_id"


async def test_a_bad_view_does_not_use_the_trigger_up_silently(world: World) -> None:
    told = await world.slack("views.open", trigger_id=await trigger(world), view=window("x" * 25))
    assert told["error"] == "invalid_arguments"
    assert told["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]
    assert (await world.slack("views.open", trigger_id=await trigger(world)))["error"] == "invalid_arguments"


async def test_three_windows_lie_on_each_other_and_no_fourth(world: World) -> None:
    first = await opened(world)
    second = (await world.slack("views.push", trigger_id=await window_trigger(world), view=window("Two")))["view"]
    third = (await world.slack("views.push", trigger_id=await window_trigger(world), view=window("Three")))["view"]
    assert (second["previous_view_id"], third["previous_view_id"]) == (first["id"], second["id"])
    assert third["root_view_id"] == first["id"]
    fourth = await world.slack("views.push", trigger_id=await window_trigger(world), view=window("Four"))
    assert fourth["error"] == "push_limit_reached"
    assert (await world.see("view", as_="U0SANNE"))["stack"] == 3
    told = await world.do("close", **WHO, view_id=third["id"])
    assert told["view"]["id"] == second["id"]


async def test_pushing_needs_a_trigger_from_a_window(world: World) -> None:
    await opened(world)
    told = await world.slack("views.push", trigger_id=await trigger(world), view=window())
    assert told["error"] == "invalid_trigger_id"


async def test_clear_on_close_takes_the_whole_stack(world: World) -> None:
    await opened(world)
    top = window("Two", clear_on_close=True, notify_on_close=True)
    second = (await world.slack("views.push", trigger_id=await window_trigger(world), view=top))["view"]
    assert (await world.do("close", **WHO, view_id=second["id"]))["view"] is None
    assert world.bot.of("view_closed")[0]["is_cleared"] is True


async def test_updating_needs_the_newest_hash(world: World) -> None:
    view = await opened(world)
    newer = (await world.slack("views.update", view_id=view["id"], hash=view["hash"], view=window("Two")))["view"]
    assert newer["id"] == view["id"]
    stale = await world.slack("views.update", view_id=view["id"], hash=view["hash"], view=window("Three"))
    assert stale["error"] == "hash_conflict"
    assert (await world.see("view", as_="U0SANNE"))["view"]["title"]["text"] == "Two"


async def test_a_window_is_found_by_its_external_id_which_is_unique(world: World) -> None:
    view = await opened(world, external_id="post-7")
    told = await world.slack("views.update", external_id="post-7", view=window("Two", external_id="post-7"))
    assert told["view"]["id"] == view["id"]
    await world.do("command", **{"as": "U0JORIS"}, channel=OFFICE, text="/vouch", wait_s=0)
    other = world.bot.of("command")[-1]["trigger_id"]
    twice = await world.slack("views.open", trigger_id=other, view=window(external_id="post-7"))
    assert twice["error"] == "duplicate_external_id"


async def test_a_closed_window_cannot_be_updated(world: World) -> None:
    view = await opened(world)
    await world.do("close", **WHO, view_id=view["id"])
    assert (await world.slack("views.update", view_id=view["id"], view=window()))["error"] == "not_found"


async def test_what_is_typed_stays_while_block_and_action_stay(world: World) -> None:
    def form(block_id: str) -> Json:
        text = {"type": "plain_text_input", "action_id": "text", "initial_value": "first"}
        block = {"type": "input", "block_id": block_id, "label": plain("Words"), "element": text}
        return {**window(), "submit": plain("Send"), "blocks": [block]}

    told = await world.slack("views.open", trigger_id=await trigger(world), view=form("a"))
    view_id = told["view"]["id"]
    assert told["view"]["state"]["values"]["a"]["text"]["value"] == "first"
    await world.do("type", **WHO, view_id=view_id, values={"a": {"text": "typed"}})
    kept = await world.slack("views.update", view_id=view_id, view=form("a"))
    assert kept["view"]["state"]["values"]["a"]["text"]["value"] == "typed"
    fresh = await world.slack("views.update", view_id=view_id, view=form("b"))
    assert fresh["view"]["state"]["values"]["b"]["text"]["value"] == "first"


async def test_a_view_has_a_size(world: World) -> None:
    texts = [{"type": "section", "text": {"type": "mrkdwn", "text": "é" * 2000}} for _ in range(70)]
    told = await world.slack("views.open", trigger_id=await trigger(world), view={**window(), "blocks": texts})
    assert told["error"] == "view_too_large"


async def test_home_is_published_per_person(world: World) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    told = await world.slack("views.publish", user_id="U0SANNE", view=home)
    assert (await world.see("home", as_="U0SANNE"))["view"]["id"] == told["view"]["id"]
    assert (await world.see("home", as_="U0JORIS"))["view"] is None
    assert (await world.slack("views.publish", user_id="U0NOBODY", view=home))["error"] == "user_not_found"
    stale = await world.slack("views.publish", user_id="U0SANNE", view=home, hash="old")
    assert stale["error"] == "hash_conflict"


async def response_url(world: World) -> str:
    await world.do("command", **WHO, channel=OFFICE, text="/vouch help", wait_s=0)
    return str(world.bot.of("command")[-1]["response_url"])


async def respond(world: World, url: str, **body: object) -> tuple[int, str]:
    async with world.session.post(url, json=body) as response:
        return response.status, await response.text()


async def test_a_response_url_is_good_for_five_answers(world: World) -> None:
    url = await response_url(world)
    for number in range(5):
        assert await respond(world, url, text=f"Answer {number}") == (200, "ok")
    status, text = await respond(world, url, text="One too many")
    assert (status, "used_url" in text) == (404, True)
    assert len(await world.messages()) == 5
    assert await world.messages(who="U0JORIS") == []


async def test_a_response_url_ends_after_half_an_hour(world: World) -> None:
    url = await response_url(world)
    next(iter(world.play.permits.urls.values())).made_at -= 1801
    status, text = await respond(world, url, text="Late")
    assert (status, "expired_url" in text) == (404, True)


async def test_a_response_can_be_for_all_replace_and_delete(world: World) -> None:
    await respond(world, await response_url(world), text="All", response_type="in_channel")
    assert [row["text"] for row in await world.messages(who="U0JORIS")] == ["All"]
    button = {"type": "button", "action_id": "go", "text": plain("Go")}
    blocks = [{"type": "actions", "elements": [button]}]
    shown = await world.slack("chat.postEphemeral", channel=OFFICE, user="U0SANNE", text="Only you", blocks=blocks)
    await world.do("click", **WHO, channel=OFFICE, ts=shown["message_ts"], action_id="go", wait_s=0)
    url = world.bot.of("block_actions")[-1]["response_url"]
    await respond(world, url, text="Changed", replace_original=True)
    assert [row["text"] for row in await world.messages()] == ["All", "Changed"]
    await respond(world, url, delete_original=True)
    assert [row["text"] for row in await world.messages()] == ["All"]


async def test_a_response_has_limits_too(world: World) -> None:
    status, text = await respond(world, await response_url(world), blocks=[{"type": "poster"}])
    assert (status, "invalid_blocks" in text) == (400, True)
