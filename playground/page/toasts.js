/** Short notices at the edge of the page, and words for screen readers alone. */

import { h } from "./dom.js";

const STAYS_MS = 6000;

/** Show a notice for a few seconds; an error stays twice as long; with `act` its words can be pressed. It is shown inside an open window, where people look. */
export function toast(text, { isError = false, act = null } = {}) {
  const node = h("div", { class: isError ? "toast is-error" : "toast", role: isError ? "alert" : "status", "data-testid": "toast" }, act ? h("button", { class: "toast-words", type: "button", onclick: () => { node.remove(); act(); } }, text) : h("span", null, text));
  node.append(h("button", { class: "toast-close", type: "button", "aria-label": "Dismiss", onclick: () => node.remove() }, "×"));
  const home = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  put(node, home);
  home.addEventListener("close", () => node.isConnected && put(node, document.body), { once: true });
  setTimeout(() => node.remove(), isError ? 2 * STAYS_MS : STAYS_MS);
}

function put(node, home) {
  let host = home.querySelector(":scope > .toasts");
  if (!host) home.append((host = h("div", { class: "toasts" })));
  for (const old of host.children) if (old.textContent === node.textContent) old.remove();
  host.append(node);
}

/** Have a screen reader say `text`. */
export function say(text) {
  const region = document.getElementById("spoken");
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}
