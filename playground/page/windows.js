/** The bot's windows (Slack calls them modals): shown, filled in, submitted, stacked and closed. */

import { loadView, refresh } from "./actions.js";
import { post, sentenceFor } from "./api.js";
import { showBlocks } from "./blocks.js";
import { h, icon } from "./dom.js";
import { state, when } from "./store.js";
import { forgetView, viewSurface } from "./surfaces.js";
import { plainText } from "./texts.js";
import { toast } from "./toasts.js";

const CANNOT = ["operation_timeout", "bot_error", "bot_unreachable", "playground_unreachable"];

/** Begin to show the acting person's open window. */
export function startWindows() {
  const parts = buildWindow();
  let shown = null;
  when("as", () => {
    shown = close(parts, shown);
    loadView();
  });
  when("view", () => {
    const { view } = state;
    if (!view) {
      shown = close(parts, shown);
      return;
    }
    const isNew = shown !== view.id;
    if (isNew) {
      parts.body.replaceChildren();
      setBusy(parts.submit, false);
    }
    shown = view.id;
    draw(parts, view);
    if (!parts.box.open) openBox(parts.box);
    if (isNew) focusFirst(parts);
  });
}

function openBox(box) {
  const from = document.activeElement;
  box.cameFrom = { node: from, mark: from?.closest("[data-focus]")?.dataset.focus, ts: from?.closest("[data-ts]")?.dataset.ts };
  box.showModal();
}

function close({ box, body }, shown) {
  if (box.open) {
    box.close();
    giveFocusBack(box.cameFrom);
  }
  if (shown) forgetView(shown);
  body.replaceChildren();
  return null;
}

function giveFocusBack({ node, mark, ts } = {}) {
  if (node?.isConnected && node !== document.body) {
    node.focus({ preventScroll: true });
    return;
  }
  const home = ts && document.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
  const again = home && mark && home.querySelector(`[data-focus="${CSS.escape(mark)}"]`);
  (again || document.querySelector("[data-testid=composer]"))?.focus({ preventScroll: true });
}

function buildWindow() {
  const title = h("h2", { id: "window-title", tabindex: -1, dir: "auto" });
  const back = h("button", { class: "ghost icon-button", type: "button", "aria-label": "Back", "data-testid": "modal-back" }, icon("back"));
  const cross = h("button", { class: "ghost icon-button", type: "button", "aria-label": "Close window", "data-testid": "modal-cross" }, icon("close"));
  const body = h("div", { class: "modal-body blocks" });
  const closer = h("button", { class: "button", type: "button", "data-testid": "modal-close" });
  const submit = h("button", { class: "button primary", type: "button", "data-testid": "modal-submit" });
  const sign = h("span", { class: "from-app" });
  const box = h("dialog", { class: "modal", "data-testid": "modal", "aria-labelledby": "window-title" },
    h("header", { class: "modal-head" }, back, title, cross), body, h("footer", { class: "modal-foot" }, sign, closer, submit));
  const parts = { box, title, back, body, closer, submit, sign };
  back.addEventListener("click", () => leave(parts));
  closer.addEventListener("click", () => leave(parts));
  cross.addEventListener("click", () => leave(parts, { all: true }));
  submit.addEventListener("click", () => send(parts));
  box.addEventListener("cancel", (event) => {
    if (event.target !== box) return;
    event.preventDefault();
    leave(parts);
  });
  box.addEventListener("keydown", (event) => {
    const isField = event.target.matches("input:not([type=checkbox], [type=radio])");
    const wants = event.key === "Enter" && !event.isComposing && !event.defaultPrevented && (isField || event.ctrlKey || event.metaKey);
    if (!wants || submit.hidden || event.target.closest("[popover]")) return;
    event.preventDefault();
    send(parts);
  });
  document.body.append(box);
  return parts;
}

function draw(parts, view) {
  const surface = viewSurface(view);
  surface.errors = state.viewErrors ?? {};
  parts.box.dataset.viewId = view.id;
  parts.box.dataset.callbackId = view.callback_id ?? "";
  parts.title.textContent = plainText(view.title);
  parts.back.hidden = (state.viewStack ?? 1) < 2;
  parts.closer.textContent = plainText(view.close) || (parts.back.hidden ? "Close" : "Back");
  parts.submit.hidden = !view.submit;
  parts.submit.textContent = plainText(view.submit) || "Submit";
  parts.sign.textContent = state.company.bot.name;
  surface.prune(view.blocks);
  showBlocks(parts.body, surface, view.blocks);
}

function focusFirst({ body, title }) {
  const wanted = body.querySelector("[data-autofocus]") ?? body.querySelector("input, textarea, select");
  (wanted ?? title).focus({ preventScroll: !wanted });
  body.scrollTop = 0;
}

async function send(parts) {
  const { view } = state;
  if (!view || parts.submit.getAttribute("aria-busy") === "true") return;
  const { submit, body } = parts;
  setBusy(submit, true);
  const answer = await post("/api/submit", { as: state.as, view_id: view.id, values: viewSurface(view).values });
  const isShown = state.view?.id === view.id; // the bot may have pushed another window before its answer got here
  if (isShown) setBusy(submit, false);
  if (isShown && answer.errors && Object.keys(answer.errors).length) {
    state.viewErrors = answer.errors;
    draw(parts, view);
    body.querySelector("[aria-invalid=true]")?.focus();
    return;
  }
  if (!answer.ok) {
    toast(sentenceFor(answer), { isError: true });
    if (CANNOT.includes(answer.error)) return;
  }
  await refresh();
}

function setBusy(button, isBusy) {
  if (isBusy) button.setAttribute("aria-busy", "true");
  else button.removeAttribute("aria-busy");
}

async function leave(parts, { all = false } = {}) {
  const { view } = state;
  if (!view) return;
  const answer = await post("/api/close", { as: state.as, view_id: view.id, all });
  if (!answer.ok) toast(sentenceFor(answer), { isError: true });
  await refresh();
}
