"""A headless Chromium that tests drive: open, look, click, type, wait, take a picture.

It speaks the DevTools protocol (chromedevtools.github.io/devtools-protocol), so no driver has to be installed.
Clicks and keys are the browser's real ones: what is hidden or covered cannot be pressed.
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import websockets.asyncio.client as websocket_client

FLAGS = [
    *(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--no-default-browser-check",
    ),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",  # a mouse
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio", "--remote-debugging-port=0"),
]
START_S = 30.0
WAIT_S = 30.0
POLL_S = 0.03
MOVES_FOLLOWED = 20
KEYS = {
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "Tab": (9, ""),
    "Backspace": (8, ""),
    "Home": (36, ""),
    "End": (35, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
    " ": (32, " "),
}
MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}


class PageError(AssertionError):
    """What was wanted of a page did not work; the message says what, and where the page was."""


class Browser:
    """A Chromium with an empty profile: `async with Browser(browser_path) as browser`; leaving ends that very process.

    `path` is the fixture `browser_path` of conftest.py, in a test marked `browser`.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._profile = tempfile.mkdtemp(prefix="vouch-browser-")
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._sent = 0

    async def __aenter__(self) -> Self:
        arguments = [*FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        quiet = subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            self._path, *arguments, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )
        try:
            self._socket = await websocket_client.connect(await self._address(), max_size=None, proxy=None)
        except BaseException:
            await self._end_process()
            raise
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.call("Browser.close"), timeout=2)
        await self._socket.close()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._end_process()

    async def page(self, url: str, *, width: int = 1280, height: int = 860) -> "Page":
        """Return a new tab of that size that has opened `url`."""
        target = await self.call("Target.createTarget", {"url": "about:blank"})
        page = await self._attach(target["targetId"])
        await page.resize(width=width, height=height)
        await page.open(url)
        return page

    async def wait_for_tab(self, part_of_url: str, *, timeout_s: float = WAIT_S) -> "Page":
        """Return the tab whose address contains `part_of_url`, one that a link has opened for instance."""
        async with asyncio.timeout(timeout_s):
            while True:
                targets = (await self.call("Target.getTargets"))["targetInfos"]
                for target in targets:
                    if target["type"] == "page" and part_of_url in target["url"]:
                        return await self._attach(target["targetId"])
                await asyncio.sleep(POLL_S)

    async def call(self, method: str, params: dict[str, Any] | None = None, *, session: str = "") -> dict[str, Any]:
        """Return the answer to one DevTools command; an error of the browser is raised as `PageError`."""
        self._sent += 1
        answer = self._answers[self._sent] = asyncio.get_running_loop().create_future()
        command = {"id": self._sent, "method": method, "params": params or {}}
        await self._socket.send(json.dumps(command | ({"sessionId": session} if session else {})))
        found = await answer
        if "error" in found:
            message = f"{method}: {found['error'].get('message')}"
            raise PageError(message)
        result: dict[str, Any] = found["result"]
        return result

    async def _attach(self, target: str) -> "Page":
        attached = await self.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        return Page(self, session=attached["sessionId"], target=target)

    async def _address(self) -> str:
        file = Path(self._profile) / "DevToolsActivePort"
        async with asyncio.timeout(START_S):
            while True:
                if file.exists() and "\n" in file.read_text():
                    break
                await asyncio.sleep(POLL_S)
        port, path = file.read_text().split("\n")[:2]
        return f"ws://127.0.0.1:{port}{path}"

    async def _read(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            waiting = self._answers.pop(message.get("id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)

    async def _end_process(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await asyncio.to_thread(shutil.rmtree, self._profile, ignore_errors=True)


class Page:
    """One tab."""

    def __init__(self, browser: Browser, *, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self.target = target

    async def open(self, url: str) -> None:
        """Go to `url` and wait until it is loaded."""
        answer = await self._call("Page.navigate", {"url": url})
        if answer.get("errorText"):
            message = f"{url}: {answer['errorText']}"
            raise PageError(message)
        await self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def close(self) -> None:
        """Close the tab."""
        await self._browser.call("Target.closeTarget", {"targetId": self.target})

    async def evaluate(self, script: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value of a JavaScript expression, awaited; what it throws is raised as `PageError`."""
        wanted = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = await self._call("Runtime.evaluate", wanted)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"].get("exception", {})
            message = f"{script[:200]}: {thrown.get('description', answer['exceptionDetails']['text'])}"
            raise PageError(message)
        return answer["result"].get("value")

    async def wait_for(self, condition: str, *, timeout_s: float = WAIT_S) -> None:
        """Wait until a JavaScript expression is true."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    if await self._holds(condition):
                        return
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            where = await self.evaluate("location.href + ' | ' + document.body.innerText.slice(-600)")
            message = f"never became true: {condition}\nat {where}"
            raise PageError(message) from None

    async def see(self, selector: str, *, text: str = "", timeout_s: float = WAIT_S) -> None:
        """Wait until an element of that selector is visible, and one of them contains `text`."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})]"
        wanted = f"node.checkVisibility({{visibilityProperty: true}}) && node.textContent.includes({json.dumps(text)})"
        await self.wait_for(f"{found}.some((node) => {wanted})", timeout_s=timeout_s)

    async def text(self, selector: str) -> str:
        """Return the text of the first such element as it is written in the document, or "" without one."""
        return str(await self.evaluate(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''"))

    async def count(self, selector: str) -> int:
        """Return how many such elements there are."""
        return int(await self.evaluate(f"document.querySelectorAll({json.dumps(selector)}).length"))

    async def click(self, selector: str) -> None:
        """Press the first such element with the mouse, once it is there; a covered one is a `PageError`."""
        await self.hover(selector)
        for kind in ("mousePressed", "mouseReleased"):
            await self._mouse(kind, button="left", clicks=1)

    async def hover(self, selector: str) -> None:
        """Move the mouse over the first such element, once it is there; what still moves is followed."""
        name = json.dumps(selector)
        await self.wait_for(f"document.querySelector({name})?.checkVisibility() ?? false")
        for _ in range(MOVES_FOLLOWED):
            cover = await self._hover_once(name)
            if cover is None:
                return
            await asyncio.sleep(POLL_S)
        message = f"{selector} is covered by {cover}"
        raise PageError(message)

    async def _hover_once(self, name: str) -> str | None:
        """Move the mouse there and return what covers it, `None` if nothing does."""
        script = f"""(() => {{
          const node = document.querySelector({name});
          node.scrollIntoView({{block: "nearest", inline: "nearest", behavior: "instant"}});
          const box = node.getClientRects()[0];
          return [box.left + box.width / 2, box.top + box.height / 2];
        }})()"""
        self._at = await self.evaluate(script)
        await self._mouse("mouseMoved")
        x, y = self._at
        hit = f"document.elementFromPoint({x}, {y})"
        if await self.evaluate(f"document.querySelector({name}).contains({hit})"):
            return None
        return str(await self.evaluate(f"{hit}?.outerHTML.slice(0, 120)"))

    async def type(self, text: str) -> None:
        """Write `text` where the focus is."""
        await self._call("Input.insertText", {"text": text})

    async def fill(self, selector: str, text: str) -> None:
        """Click a field, select what it holds and write `text` in its place."""
        await self.click(selector)
        await self.evaluate("document.activeElement.select()")
        await self.type(text)

    async def press(self, key: str) -> None:
        """Press a key by its name, with modifiers in front: "Enter", "Shift+Tab", "a"."""
        *held, name = key.split("+")
        code, text = KEYS.get(name, (ord(name[0].upper()), name))
        modifiers = sum(MODIFIERS[modifier] for modifier in held)
        plain = {"key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        down = "keyDown" if text else "rawKeyDown"
        await self._call("Input.dispatchKeyEvent", {"type": down, "text": text, **plain})
        await self._call("Input.dispatchKeyEvent", {"type": "keyUp", **plain})

    async def resize(self, *, width: int, height: int) -> None:
        """Give the tab another size, in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self._call("Emulation.setDeviceMetricsOverride", size)

    async def prefer(self, **features: str) -> None:
        """Have the tab prefer something, as a system does: `color_scheme="dark"`, `reduced_motion="reduce"`."""
        media = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()]
        await self._call("Emulation.setEmulatedMedia", {"features": media})

    async def picture(self, path: Path) -> None:
        """Save what the tab shows as a PNG."""
        answer = await self._call("Page.captureScreenshot", {"format": "png"})
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))

    async def _holds(self, condition: str) -> bool:
        try:
            return bool(await self.evaluate(condition))
        except PageError as error:
            if "context" in str(error) or "navigated" in str(error):  # the page is changing under our eyes
                return False
            raise

    async def _mouse(self, kind: str, *, button: str = "none", clicks: int = 0) -> None:
        x, y = self._at
        await self._call(
            "Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "button": button, "clickCount": clicks}
        )

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        return await self._browser.call(method, params, session=self._session)
