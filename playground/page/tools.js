/** The strip at the top: the clock, the connection, the demo tools and light or dark. */

import { loadClock, refresh } from "./actions.js";
import { openAddress } from "./addresses.js";
import { fetchJson, post, sentenceFor } from "./api.js";
import { h, icon } from "./dom.js";
import { fromLocalInput, fullTime, isoDay, now } from "./format.js";
import { setGuide } from "./guide.js";
import { openLedger } from "./ledger.js";
import { openMenu } from "./menus.js";
import { state, when } from "./store.js";
import { toast } from "./toasts.js";

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const SETTLE_S = 20;
const HEALTH_MS = 15000;

const FAULTS = [
  ["Everything works", {}, "All is well again."],
  ["Slack is busy", { methods: { "chat.postMessage": { status: 429, retry_after: 5, count: 3 }, "chat.update": { status: 429, retry_after: 5, count: 3 } } }, "The next three messages are refused with 429 for five seconds."],
  ["Slack has errors", { methods: { "*": { status: 500, probability: 0.3 } } }, "About every third call to Slack fails with 500."],
  ["Slack is slow", { methods: { "*": { delay_ms: 1200 } }, deliveries: { "*": { delay_ms: 700 } } }, "Every call takes about a second longer."],
  ["Clicks arrive twice", { deliveries: { "*": { double: true } } }, "Every click, command and event is delivered twice at once."],
  ["Vouch answers too late", { ack_s: 0.001 }, "Slack gives up before Vouch can answer."],
];

/** Begin to show the strip in `bar`. */
export function startTools(bar) {
  const clock = h("span", { class: "strip-clock", title: "The playground's time" });
  const link = h("span", { class: "strip-link", role: "status" });
  const tools = h("button", { class: "strip-button", type: "button", "data-testid": "demo-tools", "aria-haspopup": "menu", "aria-expanded": "false" }, icon("tools"), h("span", { class: "wide" }, "Demo tools"));
  const theme = h("button", { class: "strip-button", type: "button", "data-testid": "theme" });
  tools.addEventListener("click", () => openMenu(tools, entries(tools), { label: "Demo tools" }));
  bar.append(link, clock, tools, theme);
  startTheme(theme);
  const drawClock = () => (clock.textContent = fullTime(now()));
  when("clock as", drawClock);
  setInterval(drawClock, 10000);
  when("link", () => drawLink(link));
  const ask = async () => {
    state.isBotReady = (await fetchJson("/api/health").catch(() => ({}))).bot ?? false;
    drawLink(link);
  };
  setInterval(() => document.visibilityState === "visible" && ask(), HEALTH_MS);
  ask();
}

function drawLink(node) {
  const [look, words] = state.link !== "open" ? ["bad", "Reconnecting…"] : state.isBotReady === false ? ["slow", "Vouch is starting…"] : ["good", "Live"];
  if (node.dataset.look === look) return;
  node.dataset.look = look;
  node.replaceChildren(h("span", { class: "strip-dot" }), h("span", { class: "wide" }, words));
  node.title = words;
}

function entries(anchor) {
  return [
    { label: "One hour later", testid: "clock-hour", act: () => move({ advance_s: HOUR_S }) },
    { label: "Next Monday, 9:00", description: "when the weekly board is due", testid: "clock-monday", act: () => move({ to: nextMonday() }) },
    { label: "One week later", testid: "clock-week", act: () => move({ advance_s: 7 * DAY_S }) },
    { label: "Let something go wrong…", testid: "faults", act: () => openMenu(anchor, faultEntries(), { label: "Faults" }) },
    { label: "What Vouch and Slack said", description: "the last 50 requests", testid: "ledger-open", act: openLedger },
    { label: "Show “Try this” again", testid: "guide-again", act: () => setGuide({ isShown: true }) },
    { label: "What is this?", testid: "about", act: openAbout },
  ];
}

function nextMonday() {
  const monday = 1;
  let at = now() + DAY_S;
  while (new Date(`${isoDay(at)}T12:00Z`).getUTCDay() !== monday) at += DAY_S;
  return new Date(fromLocalInput(`${isoDay(at)}T09:00`) * 1000).toISOString();
}

async function move(where) {
  const answer = await post("/api/clock", where);
  if (!answer.ok) {
    toast(sentenceFor(answer), { isError: true });
    return;
  }
  await loadClock();
  toast(`It is now ${fullTime(now())}.`);
  const settled = await post("/api/settle", { timeout_s: SETTLE_S });
  if (!settled.ok) toast("Vouch is still working on what was due.", { isError: true });
  await refresh();
}

function faultEntries() {
  return FAULTS.map(([label, faults, said]) => ({
    label,
    description: said,
    act: async () => {
      const answer = await post("/api/faults", faults);
      toast(answer.ok ? said : sentenceFor(answer), { isError: !answer.ok });
    },
  }));
}

function openAbout() {
  const box = h("dialog", { class: "modal small", "data-testid": "about-box", "aria-label": "What is this?" });
  const close = h("button", { class: "button primary", type: "button", onclick: () => box.close() }, "Good to know");
  box.append(
    h("header", { class: "modal-head" }, h("h2", null, "What is this?")),
    h("div", { class: "modal-body" },
      h("p", null, `This is a local look-alike of a Slack workspace. ${state.company.bot.name} runs beside it and does not know the difference: it gets signed requests and answers by Slack’s own protocol.`),
      h("p", null, "Nobody here is real, and nothing leaves this machine. LinkedIn and the other networks are small local pages that show what arrived."),
      h("p", null, "What was posted by connected accounts: ",
        h("a", { href: openAddress("/net/linkedin/"), target: "_blank" }, "LinkedIn"), ", ",
        h("a", { href: openAddress("/net/x/"), target: "_blank" }, "X"), ", ",
        h("a", { href: openAddress("/net/mastodon/"), target: "_blank" }, "Mastodon"), "."),
      h("p", null, "Act as an employee, a curator, an admin or a guest; each sees what they would see. The page on the playground in the documentation says what is imitated and what is not: ",
        h("code", null, "docs/playground.md"), ".")),
    h("footer", { class: "modal-foot" }, close));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

function startTheme(button) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (localStorage.getItem("vouch-playground-theme") ?? (system.matches ? "dark" : "light")) === "dark";
  const draw = () => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    button.replaceChildren(icon(isDark() ? "sun" : "moon"));
    button.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
  };
  button.addEventListener("click", () => {
    localStorage.setItem("vouch-playground-theme", isDark() ? "light" : "dark");
    draw();
  });
  system.addEventListener("change", draw);
  draw();
}
