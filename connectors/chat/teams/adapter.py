"""The one place where botbuilder is: a turn of its adapter, routed by its handler, with nothing sent through it.

The SDK (botbuilder-core 4.17.1, no longer maintained) gives the turn and the routing by type. Our logic gets the
activity as Teams sent it, because the SDK's own object loses fields, and its answer leaves by our own edge, because the
SDK's serialises it twice. The request is authenticated before (`tokens.py`). Clients of the SDK are never made, so its
credentials and its blocking transport stay asleep. `on_turn_error` stays unset: with it, failures would be swallowed.
"""

from collections.abc import Awaitable, Callable

from botbuilder.core import ActivityHandler, CloudAdapterBase, TurnContext
from botbuilder.schema import Activity
from botframework.connector.auth import (
    AuthenticateRequestResult,
    BotFrameworkAuthentication,
    ClaimsIdentity,
    ConnectorFactory,
)

from connectors.chat.teams.guard import Answer, Json, malformed

Logic = Callable[[Json], Awaitable[Answer]]

# What the turn's own object holds. Nothing else of an activity is shown to the SDK: it refuses what Teams adds or
# writes otherwise (a date, an entity), and what nobody reads must not cost somebody's click.
_SHOWN = ("type", "id", "name", "channelId", "serviceUrl", "from", "recipient", "conversation")


class Turns:
    """Runs turns: messages, invokes and the news of conversations and installations; other kinds are passed over."""

    def __init__(self) -> None:
        """Build the adapter once; it holds nothing of any turn."""
        passed = AuthenticateRequestResult()
        passed.claims_identity = ClaimsIdentity({}, True)
        passed.connector_factory = _NoClients()
        self._passed = passed
        self._adapter = CloudAdapterBase(_Checked())

    async def run(self, activity: Json, logic: Logic) -> Answer:
        """Give `activity` to `logic` in a turn and return its answer, an `Answer()` for kinds that nobody handles.

        Raises `Rejected` for an activity that the SDK cannot read, and whatever `logic` raises.
        """
        router = _Router(activity, logic)
        await self._adapter.process_activity(self._passed, _shown(activity), router.on_turn)
        return router.answer


def _shown(activity: Json) -> Activity:
    try:
        return Activity().deserialize({name: activity[name] for name in _SHOWN if name in activity})
    except Exception as error:  # the SDK fails in many ways, and here all of them come from what was sent
        raise malformed("a field is of the wrong type") from error


class _Router(ActivityHandler):
    """Leads one turn to our logic. The answer is kept here: sending it through the turn would copy the whole card."""

    def __init__(self, activity: Json, logic: Logic) -> None:
        self.answer = Answer()
        self._activity = activity
        self._logic = logic

    async def _handle(self, _context: TurnContext) -> None:
        self.answer = await self._logic(self._activity)

    on_invoke_activity = _handle
    on_message_activity = _handle
    on_conversation_update_activity = _handle
    on_installation_update = _handle
    on_message_reaction_activity = _handle


class _NoClients(ConnectorFactory):
    """Gives the turn a marker where it insists on a client: what is sent goes through our own sender."""

    async def create(self, service_url: str, audience: str) -> object:
        return _NO_CLIENT


class _Checked(BotFrameworkAuthentication):
    """Stands for the check that was made before; whatever would make the SDK authenticate or connect is an error."""

    async def authenticate_request(self, activity: Activity, auth_header: str) -> AuthenticateRequestResult:
        raise NotImplementedError

    async def authenticate_streaming_request(
        self, auth_header: str, channel_id_header: str
    ) -> AuthenticateRequestResult:
        raise NotImplementedError

    def create_connector_factory(self, claims_identity: ClaimsIdentity) -> ConnectorFactory:
        raise NotImplementedError

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> object:
        return _NO_CLIENT


_NO_CLIENT = object()
