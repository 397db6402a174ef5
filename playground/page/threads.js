/** The pane on the right: a message and its replies. */

import { loadThread } from "./actions.js";
import { composer } from "./composer.js";
import { h, icon, keep } from "./dom.js";
import { messageRows } from "./messages.js";
import { changed, channelName, goTo, state, when } from "./store.js";

/** Begin to show the open thread in `pane`; Esc and the cross close it and give the focus back. */
export function startThread(pane) {
  const list = h("div", { class: "messages" });
  const scroller = h("div", { class: "scroller" }, list);
  const where = h("span", { class: "faint" });
  const close = h("button", { class: "ghost icon-button", type: "button", "aria-label": "Close thread", "data-testid": "thread-close", onclick: closeThread }, icon("close"));
  pane.append(h("header", { class: "place-head" }, h("h2", null, "Thread ", where), close), scroller, composer({ isThread: true }));
  pane.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    closeThread();
  });
  let shown = null;
  when("as place", () => {
    pane.hidden = !state.thread;
    document.body.classList.toggle("has-thread", Boolean(state.thread));
    if (!state.thread || shown === state.thread) {
      shown = state.thread;
      return;
    }
    shown = state.thread;
    state.replies = [];
    changed("thread");
    loadThread();
    pane.querySelector("textarea")?.focus();
  });
  when("thread channels clock", () => {
    where.textContent = channelName(state.channel) ?? "";
    const before = list.childElementCount;
    keep(list, messageRows(state.replies, { isThread: true }));
    if (list.childElementCount !== before && state.replies.length > 1) scroller.scrollTop = scroller.scrollHeight;
  });
}

function closeThread() {
  const parent = state.thread;
  goTo({ channel: state.channel, thread: null });
  document.querySelector(`#messages [data-ts="${CSS.escape(parent)}"] [data-testid=reply]`)?.focus();
}
