"""What people do reaches the bot in Slack's shapes, and what it answers reaches the people."""

import asyncio
import hashlib
import hmac
from typing import Any

import pytest
from aiohttp import web

from tests.playground.conftest import OFFICE, Answer, Received, World

Json = dict[str, Any]
WHO = {"as": "U0SANNE"}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def row(*elements: Json, block_id: str = "row") -> Json:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(action_id: str = "go", **more: object) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain("Go"), **more}


def window(*blocks: Json, **more: object) -> Json:
    text = {"type": "plain_text_input", "action_id": "text"}
    asked = {"type": "input", "block_id": "words", "label": plain("Words"), "element": text}
    return {"type": "modal", "title": plain("Title"), "submit": plain("Send"), "blocks": [asked, *blocks], **more}


def answering(body: object) -> Answer:
    async def answer(_received: Received) -> web.StreamResponse:
        return web.Response(text=body) if isinstance(body, str) else web.json_response(body)

    return answer


def opening(world: World, view: Json, method: str = "views.open") -> Answer:
    """Return an answer that opens a window after the acknowledgement, as a bot may."""

    async def answer(received: Received) -> web.StreamResponse:
        async def later() -> None:
            await world.slack(method, trigger_id=received.payload["trigger_id"], view=view)

        world.play.deliverer._spawn(later())
        return web.Response()

    return answer


async def post(world: World, *blocks: Json, channel: str = OFFICE) -> str:
    told = await world.slack("chat.postMessage", channel=channel, text="Look", blocks=list(blocks))
    assert told["ok"], told
    return str(told["ts"])


async def test_a_direct_message_is_an_event_with_links_as_slack_writes_them(world: World) -> None:
    told = await world.do("dm", **WHO, text="Look & see https://example.com/a?b=1&c=2.")
    [event] = world.bot.of("message")
    assert told["ok"]
    inner = event["event"]
    assert (inner["channel"], inner["channel_type"], inner["user"]) == ("D0SANNE", "im", "U0SANNE")
    assert inner["text"] == "Look &amp; see <https://example.com/a?b=1&amp;c=2>."
    assert inner["blocks"][0]["elements"][0]["elements"][1] == {"type": "link", "url": "https://example.com/a?b=1&c=2"}
    assert event["event_id"].startswith("Ev")
    assert event["authorizations"][0]["user_id"] == "U0VOUCH"


async def test_the_request_is_signed_over_its_raw_body(world: World) -> None:
    await world.do("dm", **WHO, text="Hello")
    [received] = world.bot.received
    base = b"v0:" + received.headers["X-Slack-Request-Timestamp"].encode() + b":" + received.raw
    wanted = "v0=" + hmac.new(b"0123456789abcdef", base, hashlib.sha256).hexdigest()
    assert received.headers["X-Slack-Signature"] == wanted


async def test_what_people_write_in_channels_is_not_told_to_the_bot(world: World) -> None:
    assert (await world.do("say", **WHO, channel=OFFICE, text="Hello all"))["ok"]
    assert world.bot.received == []
    assert [one["text"] for one in await world.messages()] == ["Hello all"]


async def test_a_command_is_a_form_and_its_answer_is_private(world: World) -> None:
    world.bot.answers["command"] = answering({"text": "Just for you"})
    told = await world.do("command", **WHO, channel=OFFICE, text="/vouch help <me> payload")
    [form] = world.bot.of("command")
    assert (form["command"], form["text"]) == ("/vouch", "help &lt;me&gt; payload")
    assert (form["channel_name"], form["user_name"]) == ("general", "sanne")
    assert [one["text"] for one in told["ephemeral"]] == ["Just for you"]
    assert await world.messages(who="U0JORIS") == []


async def test_a_command_in_private_places_hides_their_names(world: World) -> None:
    await world.do("command", **WHO, channel="D0SANNE", text="/vouch", wait_s=0)
    await world.do("command", **{"as": "U0NADIA"}, channel="C0CURATORS", text="/vouch", wait_s=0)
    assert [form["channel_name"] for form in world.bot.of("command")] == ["directmessage", "privategroup"]


async def test_a_command_can_answer_to_the_whole_channel(world: World) -> None:
    world.bot.answers["command"] = answering({"text": "All", "response_type": "in_channel"})
    told = await world.do("command", **WHO, channel=OFFICE, text="/vouch help")
    assert told["ephemeral"] == []
    assert [one["text"] for one in await world.messages(who="U0JORIS")] == ["All"]


@pytest.mark.parametrize(
    ("who", "channel", "text", "error"),
    [
        ("U0NOBODY", OFFICE, "/vouch", "unknown_person"),
        ("U0SANNE", "C0NOWHERE", "/vouch", "unknown_channel"),
        ("U0SANNE", "C0CURATORS", "/vouch", "not_allowed"),
        ("U0MARCUS", "C0ENGINEER", "/vouch", "not_in_channel"),
        ("U0SANNE", OFFICE, "/poll", "unknown_command"),
        ("U0SANNE", OFFICE, "", "invalid_request"),
    ],
)
async def test_commands_that_do_not_reach_the_bot(world: World, who: str, channel: str, text: str, error: str) -> None:
    told = await world.do("command", **{"as": who}, channel=channel, text=text)
    assert (told["ok"], told["error"]) == (False, error)
    assert world.bot.received == []


async def test_a_click_tells_the_bot_who_where_and_on_what(world: World) -> None:
    ts = await post(world, row(button(value="7")))
    told = await world.do("click", **WHO, channel=OFFICE, ts=ts, action_id="go", wait_s=0)
    [payload] = world.bot.of("block_actions")
    assert told["ok"]
    assert payload["container"] == {"type": "message", "message_ts": ts, "channel_id": OFFICE, "is_ephemeral": False}
    assert payload["user"]["id"] == "U0SANNE"
    assert payload["message"]["blocks"][0]["block_id"] == "row"
    assert payload["response_url"].startswith(world.address)
    [action] = payload["actions"]
    assert (action["type"], action["action_id"], action["block_id"], action["value"]) == ("button", "go", "row", "7")
    assert {"trigger_id", "api_app_id", "team", "token", "state", "channel"} <= set(payload)


async def test_a_click_waits_for_the_window_it_opens(world: World) -> None:
    ts = await post(world, row(button()))
    world.bot.answers["block_actions"] = opening(world, window())
    told = await world.do("click", **WHO, channel=OFFICE, ts=ts, action_id="go")
    assert told["view"]["title"]["text"] == "Title"
    assert (await world.see("view", as_="U0SANNE"))["view"]["id"] == told["view"]["id"]
    assert (await world.see("view", as_="U0JORIS"))["view"] is None


async def test_a_link_button_is_a_click_and_leads_somewhere(world: World) -> None:
    ts = await post(world, row(button(url=f"{world.address}/go/abc")))
    told = await world.do("click", **WHO, channel=OFFICE, ts=ts, action_id="go")
    assert told["url"] == f"{world.address}/go/abc"
    assert (
        told["open"] == f"{world.address}/open?as=U0SANNE&to=http%3A%2F%2F127.0.0.1%3A{world.address[17:]}%2Fgo%2Fabc"
    )
    assert len(world.bot.of("block_actions")) == 1


async def test_a_private_message_has_buttons_too_but_is_not_in_the_payload(world: World) -> None:
    shown = await world.slack("chat.postEphemeral", channel=OFFICE, user="U0SANNE", text="x", blocks=[row(button())])
    ts = shown["message_ts"]
    assert (await world.do("click", **WHO, channel=OFFICE, ts=ts, action_id="go", wait_s=0))["ok"]
    [payload] = world.bot.of("block_actions")
    assert (payload["container"]["is_ephemeral"], "message" in payload) == (True, False)
    other = await world.do("click", **{"as": "U0JORIS"}, channel=OFFICE, ts=ts, action_id="go")
    assert other["error"] == "not_allowed"


async def test_elements_carry_what_was_chosen(world: World) -> None:
    options = [{"text": plain(name), "value": name} for name in ("a", "b")]
    kinds: dict[str, Json] = {
        "static_select": {"options": options},
        "multi_static_select": {"options": options},
        "radio_buttons": {"options": options},
        "checkboxes": {"options": options},
        "overflow": {"options": options},
        "users_select": {},
        "datepicker": {},
        "timepicker": {},
        "datetimepicker": {},
    }
    elements = [{"type": kind, "action_id": kind, **more} for kind, more in kinds.items()]
    ts = await post(world, row(*elements))
    wanted: dict[str, tuple[object, tuple[str, object]]] = {
        "static_select": ("b", ("selected_option", options[1])),
        "multi_static_select": (["a", "b"], ("selected_options", options)),
        "radio_buttons": ("a", ("selected_option", options[0])),
        "checkboxes": (["b"], ("selected_options", [options[1]])),
        "overflow": ("a", ("selected_option", options[0])),
        "users_select": ("U0JORIS", ("selected_user", "U0JORIS")),
        "datepicker": ("2026-12-01", ("selected_date", "2026-12-01")),
        "timepicker": ("09:30", ("selected_time", "09:30")),
        "datetimepicker": (1795000000, ("selected_date_time", 1795000000)),
    }
    for kind, (value, (key, chosen)) in wanted.items():
        told = await world.do("click", **WHO, channel=OFFICE, ts=ts, action_id=kind, value=value, wait_s=0)
        assert told["ok"], told
        action = world.bot.of("block_actions")[-1]["actions"][0]
        assert action[key] == chosen
    values = world.bot.of("block_actions")[-1]["state"]["values"]["row"]
    assert values["datepicker"]["selected_date"] == "2026-12-01"
    assert "overflow" not in values
    bad = await world.do("click", **WHO, channel=OFFICE, ts=ts, action_id="static_select", value="c")
    assert bad["error"] == "invalid_value"


async def open_window(world: World, view: Json) -> Json:
    world.bot.answers["command"] = opening(world, view)
    told = await world.do("command", **WHO, channel=OFFICE, text="/vouch post")
    opened: Json = told["view"]
    return opened


async def test_a_click_in_a_window_carries_what_is_typed(world: World) -> None:
    view = await open_window(world, window(row(button())))
    state = {"words": {"text": "so far"}}
    await world.do("click", **WHO, view_id=view["id"], action_id="go", state=state, wait_s=0)
    [payload] = world.bot.of("block_actions")
    assert payload["view"]["state"]["values"]["words"]["text"] == {"type": "plain_text_input", "value": "so far"}
    assert payload["container"] == {"type": "view", "view_id": view["id"]}
    assert "response_url" not in payload


async def test_an_input_dispatches_only_if_it_says_so(world: World) -> None:
    view = await open_window(world, window())
    await world.do("click", **WHO, view_id=view["id"], action_id="text", value="one")
    assert world.bot.of("block_actions") == []
    loud = window()
    loud["blocks"][0]["dispatch_action"] = True
    view = await open_window(world, loud)
    await world.do("click", **WHO, view_id=view["id"], action_id="text", value="two", wait_s=0)
    assert world.bot.of("block_actions")[0]["actions"][0]["value"] == "two"


async def submit(world: World, view: Json, text: str = "my words") -> Json:
    return await world.do("submit", **WHO, view_id=view["id"], values={"words": {"text": text}})


async def test_submitting_closes_the_window(world: World) -> None:
    view = await open_window(world, window(private_metadata="7", callback_id="form"))
    told = await submit(world, view)
    [payload] = world.bot.of("view_submission")
    assert (told["ok"], told["view"]) == (True, None)
    assert payload["view"]["state"]["values"]["words"]["text"]["value"] == "my words"
    assert (payload["view"]["private_metadata"], payload["view"]["callback_id"]) == ("7", "form")
    assert payload["response_urls"] == []


async def test_errors_keep_the_window_and_show_in_it(world: World) -> None:
    view = await open_window(world, window())
    world.bot.answers["view_submission"] = answering({"response_action": "errors", "errors": {"words": "Too short"}})
    told = await submit(world, view)
    assert (told["ok"], told["errors"], told["view"]["id"]) == (True, {"words": "Too short"}, view["id"])
    assert (await world.see("view", as_="U0SANNE"))["errors"] == {"words": "Too short"}


async def test_errors_must_be_on_an_input_that_is_there(world: World) -> None:
    view = await open_window(world, window())
    world.bot.answers["view_submission"] = answering({"response_action": "errors", "errors": {"other": "No"}})
    assert (await submit(world, view))["error"] == "invalid_answer"


async def test_a_submission_can_update_push_and_clear(world: World) -> None:
    view = await open_window(world, window())
    world.bot.answers["view_submission"] = answering({"response_action": "update", "view": window(title=plain("Two"))})
    second = (await submit(world, view))["view"]
    assert (second["id"], second["title"]["text"]) == (view["id"], "Two")
    assert second["state"]["values"]["words"]["text"]["value"] == "my words"
    world.bot.answers["view_submission"] = answering({"response_action": "push", "view": window(title=plain("Three"))})
    third = (await submit(world, second))["view"]
    assert (third["previous_view_id"], third["root_view_id"]) == (view["id"], view["id"])
    world.bot.answers["view_submission"] = answering({"response_action": "clear"})
    assert (await submit(world, third))["view"] is None


async def test_a_bad_answer_to_a_submission_is_shown_as_such(world: World) -> None:
    view = await open_window(world, window())
    bad = window(title=plain("x" * 25))
    world.bot.answers["view_submission"] = answering({"response_action": "update", "view": bad})
    told = await submit(world, view)
    assert told["error"] == "invalid_answer"
    assert "/view/title/text" in str(told["detail"])
    world.bot.answers["view_submission"] = answering("thanks")
    assert (await submit(world, view))["error"] == "invalid_answer"


async def test_the_client_asks_for_required_fields_before_the_bot_is_asked(world: World) -> None:
    number = {"type": "number_input", "action_id": "n", "is_decimal_allowed": False, "min_value": "3"}
    blocks = [{"type": "input", "block_id": "number", "label": plain("N"), "element": number, "optional": True}]
    view = await open_window(world, window(*blocks))
    told = await world.do("submit", **WHO, view_id=view["id"], values={"number": {"n": "2"}})
    assert (told["error"], set(told["errors"])) == ("invalid_input", {"words", "number"})
    assert world.bot.of("view_submission") == []


async def test_closing_tells_the_bot_only_if_it_asked(world: World) -> None:
    view = await open_window(world, window())
    assert (await world.do("close", **WHO, view_id=view["id"]))["view"] is None
    assert world.bot.of("view_closed") == []
    view = await open_window(world, window(notify_on_close=True))
    await world.do("close", **WHO, view_id=view["id"])
    [payload] = world.bot.of("view_closed")
    assert (payload["view"]["id"], payload["is_cleared"]) == (view["id"], False)
    assert (await world.do("close", **WHO, view_id=view["id"]))["error"] == "not_found"


async def test_a_shortcut_carries_the_whole_message(world: World) -> None:
    said = await world.do("say", **{"as": "U0JORIS"}, channel=OFFICE, text="Read https://example.com/x")
    world.bot.answers["message_action"] = opening(world, window())
    told = await world.do("shortcut", **WHO, callback_id="suggest_this", channel=OFFICE, ts=said["ts"])
    [payload] = world.bot.of("message_action")
    assert told["view"] is not None
    assert (payload["callback_id"], payload["message_ts"]) == ("suggest_this", said["ts"])
    assert (payload["message"]["user"], payload["message"]["text"]) == ("U0JORIS", "Read <https://example.com/x>")
    assert {"response_url", "trigger_id", "action_ts", "channel"} <= set(payload)
    wrong = await world.do("shortcut", **WHO, callback_id="other", channel=OFFICE, ts=said["ts"])
    assert wrong["error"] == "unknown_shortcut"


async def test_home_is_published_when_it_is_opened(world: World) -> None:
    async def publish(_received: Received) -> web.StreamResponse:
        home = {"type": "home", "blocks": [row(button())]}
        world.play.deliverer._spawn(world.slack("views.publish", user_id="U0SANNE", view=home))
        return web.Response()

    world.bot.answers["app_home_opened"] = publish
    told = await world.do("open_home", **WHO)
    event = world.bot.of("app_home_opened")[0]["event"]
    assert (event["user"], event["channel"], event["tab"], "view" in event) == ("U0SANNE", "D0SANNE", "home", False)
    assert told["view"]["type"] == "home"
    clicked = await world.do("click", **WHO, view_id=told["view"]["id"], action_id="go", wait_s=0)
    assert clicked["home"]["id"] == told["view"]["id"]
    await world.do("open_home", **WHO, wait_s=0)
    assert world.bot.of("app_home_opened")[1]["event"]["view"]["id"] == told["view"]["id"]


async def test_without_an_acknowledgement_in_time_the_person_sees_an_error(world: World) -> None:
    await world.do("faults", ack_s=0.2, rates={"is_on": False})
    waiting = asyncio.Event()

    async def never(_received: Received) -> web.StreamResponse:
        await waiting.wait()
        return web.Response()

    world.bot.answers["command"] = never
    told = await world.do("command", **WHO, channel=OFFICE, text="/vouch help")
    waiting.set()
    assert (told["ok"], told["error"]) == (False, "operation_timeout")
    assert "did not answer in time" in told["message"]


async def test_an_error_of_the_bot_is_an_error_for_the_person(world: World) -> None:
    async def broken(_received: Received) -> web.StreamResponse:
        return web.Response(status=500)

    world.bot.answers["command"] = broken
    told = await world.do("command", **WHO, channel=OFFICE, text="/vouch help")
    assert (told["error"], told["status"]) == ("bot_error", 500)


async def test_a_guest_sees_only_their_channels(world: World) -> None:
    names = {c["name"] for c in (await world.see("state", as_="U0CLAIRE"))["channels"]}
    assert names == {"product-news", "Vouch"}
    assert (await world.see("messages", channel=OFFICE, as_="U0CLAIRE"))["error"] == "not_allowed"


async def test_deleting_and_dismissing(world: World) -> None:
    said = await world.do("say", **WHO, channel=OFFICE, text="Oops")
    assert (await world.do("delete", **{"as": "U0JORIS"}, channel=OFFICE, ts=said["ts"]))["error"] == "not_allowed"
    assert (await world.do("delete", **WHO, channel=OFFICE, ts=said["ts"]))["ok"]
    posted = await post(world, row(button()))
    assert (await world.do("delete", **{"as": "U0GRACE"}, channel=OFFICE, ts=posted))["ok"]
    assert await world.messages() == []


async def test_a_body_that_is_no_object_is_refused(world: World) -> None:
    async with world.session.post(f"{world.address}/api/say", data="[1]") as response:
        assert response.status == 400
        assert (await response.json())["error"] == "invalid_request"


async def test_the_bot_hears_of_its_own_messages_in_conversations(world: World) -> None:
    ts = await post(world, row(button()), channel="D0SANNE")
    await world.slack("chat.update", channel="D0SANNE", ts=ts, text="Changed")
    await world.slack("chat.delete", channel="D0SANNE", ts=ts)
    await asyncio.gather(*world.play.deliverer.tasks)
    events = {event["event"].get("subtype", ""): event["event"] for event in world.bot.of("message")}
    assert set(events) == {"", "message_changed", "message_deleted"}
    assert (events[""]["bot_id"], events[""]["channel_type"]) == ("B0VOUCH", "im")
    assert events["message_changed"]["message"]["text"] == "Changed"
    assert events["message_deleted"]["deleted_ts"] == ts
    await post(world, row(button()))
    assert len(world.bot.received) == 3
