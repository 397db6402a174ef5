"""What happens around the app: it is installed and removed, people block it, channels come and go."""

from typing import Any

from playground.teams import ids, payloads
from playground.teams.delivering import Answer, deliver
from playground.teams.parts import Parts
from playground.teams.state import Conversation

Json = dict[str, Any]


class Lifecycle:
    """Deeds of owners and administrators; each returns the bot's answers to what Teams tells of it, in order."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts."""
        self.parts = parts

    async def install(self, who: str) -> list[Answer]:
        """Give a person the app; the bot hears of it twice, as everywhere in Teams."""
        tenancy = self.parts.tenancy
        tenancy.installed.add(who)
        place = tenancy.place(who)
        person = payloads.account(self.parts, tenancy.person(who))
        added = [{"id": payloads.bot(self.parts)["id"]}, {"id": person["id"], "aadObjectId": person["aadObjectId"]}]
        return [
            await self._tell(who, place, {"type": "installationUpdate", "action": "add"}),
            await self._tell(who, place, {"type": "conversationUpdate", "membersAdded": added}),
        ]

    async def uninstall(self, who: str) -> list[Answer]:
        """Take the app from a person."""
        tenancy = self.parts.tenancy
        tenancy.installed.discard(who)
        return [await self._tell(who, tenancy.place(who), {"type": "installationUpdate", "action": "remove"})]

    def block(self, who: str) -> None:
        """Let a person block the bot; Teams tells nobody."""
        self.parts.tenancy.blocked.add(who)

    def unblock(self, who: str) -> None:
        """Let a person hear from the bot again."""
        self.parts.tenancy.blocked.discard(who)

    async def install_team(self, by: str) -> list[Answer]:
        """Install the app in the team, through its General channel."""
        tenancy = self.parts.tenancy
        tenancy.has_team = True
        place = tenancy.place(tenancy.team)
        chosen = {"settings": {"selectedChannel": {"id": place.id}}}
        added = {"type": "conversationUpdate", "membersAdded": [{"id": payloads.bot(self.parts)["id"]}]}
        installed = {"type": "installationUpdate", "action": "add"}
        return [
            await self._tell(by, place, installed, **self._team(), **chosen),
            await self._tell(by, place, added, **self._team(), **chosen, eventType="teamMemberAdded"),
        ]

    async def uninstall_team(self, by: str) -> list[Answer]:
        """Remove the app from the team."""
        tenancy = self.parts.tenancy
        tenancy.has_team = False
        place = tenancy.place(tenancy.team)
        removed = {"type": "conversationUpdate", "membersRemoved": [{"id": payloads.bot(self.parts)["id"]}]}
        return [
            await self._tell(by, place, {"type": "installationUpdate", "action": "remove"}, **self._team()),
            await self._tell(by, place, removed, **self._team(), eventType="teamMemberRemoved"),
        ]

    async def join(self, who: str, *, by: str) -> list[Answer]:
        """Put a person in the team."""
        return await self._move(who, by, "membersAdded", "teamMemberAdded")

    async def leave(self, who: str, *, by: str) -> list[Answer]:
        """Put a person out of the team."""
        return await self._move(who, by, "membersRemoved", "teamMemberRemoved")

    async def _move(self, who: str, by: str, key: str, event: str) -> list[Answer]:
        tenancy = self.parts.tenancy
        for place in tenancy.conversations.values():
            if place.kind == "channel" and not place.is_private:
                place.members = [one for one in place.members if one != who]
                place.members += [who] if key == "membersAdded" else []
        told = {"type": "conversationUpdate", key: [{"id": tenancy.account(who), "aadObjectId": ids.aad_of(who)}]}
        return [await self._tell(by, tenancy.place(tenancy.team), told, **self._team(), eventType=event)]

    async def create_channel(self, channel: str, name: str, *, by: str) -> list[Answer]:
        """Make a channel; `channel` is what tests call it ("C0NEW")."""
        made = self.parts.tenancy.add_channel(channel, name)
        return [await self._tell_of_channel(by, made, "channelCreated")]

    async def rename_channel(self, channel: str, name: str, *, by: str) -> list[Answer]:
        """Give a channel another name."""
        place = self.parts.tenancy.place(channel)
        place.name = name
        return [await self._tell_of_channel(by, place, "channelRenamed")]

    async def delete_channel(self, channel: str, *, by: str) -> list[Answer]:
        """Delete a channel; it can be restored for some weeks."""
        place = self.parts.tenancy.place(channel)
        place.is_deleted = True
        return [await self._tell_of_channel(by, place, "channelDeleted")]

    async def restore_channel(self, channel: str, *, by: str) -> list[Answer]:
        """Bring a deleted channel back."""
        place = self.parts.tenancy.place(channel)
        place.is_deleted = False
        return [await self._tell_of_channel(by, place, "channelRestored")]

    async def rename_team(self, name: str, *, by: str) -> list[Answer]:
        """Give the team another name."""
        tenancy = self.parts.tenancy
        tenancy.team_name = name
        told = {"type": "conversationUpdate"}
        return [await self._tell(by, tenancy.place(tenancy.team), told, **self._team(), eventType="teamRenamed")]

    def _team(self) -> Json:
        tenancy = self.parts.tenancy
        group = ids.group_of(tenancy.company.team)
        return {"team": {"id": tenancy.team, "name": tenancy.team_name, "aadGroupId": group}}

    async def _tell_of_channel(self, by: str, channel: Conversation, event: str) -> Answer:
        # The conversation is the team's; the channel stands in channelData (subscribe-to-conversation-events).
        tenancy = self.parts.tenancy
        more = {"channel": {"id": channel.id, "name": channel.name}, "team": {"id": tenancy.team}, "eventType": event}
        return await self._tell(by, tenancy.place(tenancy.team), {"type": "conversationUpdate"}, **more)

    async def _tell(self, who: str, place: Conversation, told: Json, **channel_data: object) -> Answer:
        activity = payloads.activity(self.parts, who, place)
        data = {"tenant": activity["channelData"]["tenant"], **channel_data}
        return await deliver(self.parts, {**activity, **told, "channelData": data})
