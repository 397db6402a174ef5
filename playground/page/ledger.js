/** The last requests between the bot and its Slack, for the curious. */

import { fetchJson } from "./api.js";
import { append, h, icon } from "./dom.js";

const SHOWN = 50;

/** Open the list of the last requests. */
export async function openLedger() {
  const rows = h("div", { class: "ledger", "data-testid": "ledger" });
  const box = h("dialog", { class: "modal wide-modal", "aria-label": "What Vouch and Slack said" });
  const again = h("button", { class: "button", type: "button", onclick: () => fill(rows) }, "Refresh");
  const close = h("button", { class: "ghost icon-button", type: "button", "aria-label": "Close", onclick: () => box.close() }, icon("close"));
  box.append(
    h("header", { class: "modal-head" }, h("h2", null, "What Vouch and Slack said"), close),
    h("div", { class: "modal-body" }, rows),
    h("footer", { class: "modal-foot" }, h("span", { class: "from-app" }, `The last ${SHOWN} requests, newest first`), again));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  await fill(rows);
}

async function fill(rows) {
  const { entries } = await fetchJson("/api/ledger", { limit: SHOWN }).catch(() => ({ entries: [] }));
  rows.replaceChildren();
  const newest = entries.slice(-SHOWN).reverse();
  append(rows, newest.length ? newest.map(row) : h("p", { class: "empty" }, "Nothing was said yet."));
}

function row(entry) {
  const isIn = entry.direction === "in";
  const isWell = isOk(entry);
  return h("details", { class: isWell ? null : "is-bad" },
    h("summary", null,
      h("span", { class: "ledger-way", title: isIn ? "Vouch asked Slack" : "Slack told Vouch" }, isIn ? "Vouch → Slack" : "Slack → Vouch"),
      h("code", null, [entry.method, entry.detail].filter(Boolean).join(" ")),
      h("span", { class: "faint" }, `${entry.status || "no answer"} · ${Math.round(entry.ms ?? 0)} ms · ${String(entry.at ?? "").slice(11, 19)}`)),
    h("pre", { class: "code-block" }, JSON.stringify({ request: entry.request, answer: entry.answer }, null, 2)));
}

function isOk(entry) {
  return entry.status > 0 && entry.status < 400 && entry.answer?.ok !== false;
}
