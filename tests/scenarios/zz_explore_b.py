import asyncio, json
from datetime import timedelta
import pytest, pytest_asyncio
from tests.scenarios.bad_input_on_teams import *
from tests.scenarios.bad_input_on_teams import activity, announce, kept, stuck, cards_of, heard

from tests.scenarios.town import *
from tests.scenarios.teams_town import BRISK, TeamsTown, everything_said
pytestmark = pytest.mark.asyncio(loop_scope="module")
@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory):
    async with TeamsTown(tmp_path_factory.mktemp("town"), more_environment=BRISK) as started:
        yield started

async def test_move(town):
    town.service.move("elsewhere")
    p = await announce(town, "Moved")  # this speaks from elsewhere already
    print(stuck(town), doors(town, "create")[-2:], len(cards_of(town,p)))

async def test_move_before(town):
    await town.to_working_hours()
    town.service.move("third")
    o = await town.try_submit  if False else None
    await town.advance(minutes=1)
    print("after move", stuck(town))

async def test_codes(town):
    for status, code in ((404,"ConversationNotFound"),(403,"BotNotInConversationRoster"),(403,"MessageWritesBlocked"),(413,"MessageSizeTooBig"),(400,"BadArgument"),(401,"Unauthorized")):
        town.service.fault("create", status=status, code=code, left=2)
        p = await announce(town, f"Refused {code}")
        print(code, stuck(town), len(cards_of(town,p)))
        town.service.clear_faults()
        said = await heard(town, GRACE, "failures")
        print(said)
        for (job, *_) in stuck(town):
            await press_failure(town, "retry_job", job)
        print(len(cards_of(town,p)), stuck(town))

async def test_patience(town):
    for told in (dict(status=429, retry_after=2, left=2), dict(status=429,left=2), dict(status=412,left=2), dict(status=503, retry_after=3,left=2)):
        town.service.fault("create", **told)
        p = await announce(town, f"Patience {told}")
        n=0
        while not cards_of(town,p) and n<12:
            await town.advance(seconds=5); n+=1
        print(told, n, len(cards_of(town,p)), stuck(town), town.rows("select state,tries,error from job where kind='announce_in' order by id desc limit 1"))

async def test_unclear(town):
    for told in (dict(status=502, is_done=True), dict(status=504), dict(status=500), dict(cut="before"), dict(cut="after"), dict(status=408)):
        town.service.fault("create", **told)
        p = await announce(town, f"Unclear {told}")
        for _ in range(3):
            await town.advance(minutes=10)
        print(told, len(cards_of(town,p)), stuck(town))
        town.service.clear_faults()
        print(await heard(town, GRACE, "failures"))
        for (job, *_) in stuck(town):
            await press_failure(town, "drop_job", job)

async def test_update(town):
    p = await announce(town, "Redrawn")
    for t in (dict(status=502), dict(status=504,is_done=True), dict(cut="after"), dict(cut="before"), dict(status=429)):
        town.service.fault("update", **t)
    await town.say(NADIA, f"withdraw P{p}")
    for _ in range(5): await town.advance(minutes=1)
    print(len(cards_of(town,p)), stuck(town), town.rows("select kind,state,error,tries from job order by id desc limit 4"))
    town.service.clear_faults()

async def test_token(town):
    town.service.parts.tokens.revoke()
    town.service.fault("token", status=503, left=None)
    p = await announce(town, "No token")
    print(stuck(town), town.rows("select kind,state,error,tries from job where state!='done'"))
    town.service.clear_faults()
    await town.advance(minutes=1)
    print(len(cards_of(town,p)), stuck(town), town.rows("select kind,state,error,tries from job order by id desc limit 4"))
    town.service.parts.tokens.revoke()
    town.service.fault("token", status=401, code="invalid_client", left=None)
    p = await announce(town, "Wrong secret")
    print(stuck(town), len(cards_of(town,p)))
    town.service.clear_faults()
    for (job, *_) in stuck(town):
        await press_failure(town, "retry_job", job)
    print(len(cards_of(town,p)), stuck(town))

async def test_roster(town):
    await town.service.admin.uninstall_team(GRACE)
    p = await announce(town, "Not in the team")
    print(stuck(town), len(cards_of(town,p)))
    print(await heard(town, GRACE, "failures"))
    await town.service.admin.install_team(GRACE)
    for (job, *_) in stuck(town):
        await press_failure(town, "retry_job", job)
    print(len(cards_of(town,p)), stuck(town))
    await town.service.admin.rename_channel(PRODUCT, "what-we-make", by=GRACE)
    await town.service.admin.delete_channel(PRODUCT, by=GRACE)
    p = await announce(town, "Deleted channel")
    print(stuck(town))
    print(await heard(town, GRACE, "failures"))
    await town.service.admin.restore_channel(PRODUCT, by=GRACE)
    for (job, *_) in stuck(town):
        await press_failure(town, "retry_job", job)
    print(len(cards_of(town,p)), stuck(town))
    o = await fill_in(town, "After renaming")
    print(everything_said.__name__, json.dumps(o.dialog.card)[:1500])

async def test_block(town):
    await town.to_working_hours()
    for who in (OMAR, LENA, SANNE):
        await town.say(who, "suggest https://example.org/blocked")
    await town.settle()
    town.service.admin.block(OMAR)
    await town.service.admin.uninstall(LENA)
    ((n,),) = town.rows("SELECT id FROM suggestion WHERE link LIKE '%/blocked'")
    print(await heard(town, NADIA, f"approve S{n}"))
    await town.settle()
    await town.to_working_hours()
    print(stuck(town))
    print(await heard(town, GRACE, "failures"))
    print(everything_said(town.messages(SANNE)[-1]))
    town.service.admin.unblock(OMAR)
    await town.service.admin.install(LENA)
    for (job, *_) in stuck(town):
        await press_failure(town, "retry_job", job)
    print(stuck(town), [everything_said(town.messages(w)[-1])[:80] for w in (OMAR, LENA)])
    print(town.bot_log[-6000:])

@pytest.fixture(autouse=True)
def behaving(town):
    print("\n=====")
    yield
    town.service.clear_faults()
