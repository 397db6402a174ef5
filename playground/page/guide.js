/** The "Try this" card for someone who opens the playground for the first time. */

import { append, h, icon } from "./dom.js";
import { openApp } from "./actions.js";
import { goTo, state, when } from "./store.js";

const KEY = "vouch-playground-guide";
const done = new Set();

const STEPS = [
  ["share", "Press ", h("b", null, "Share"), " on a post in this channel."],
  ["open", "Make the text your own, then press ", h("b", null, "Open LinkedIn"), "."],
  ["suggest", "Found a good page yourself? ", () => action("Paste its link to Vouch", () => openApp("messages")), "."],
  ["decide", () => action(`Become ${curator()?.name ?? "a curator"}`, becomeCurator), ", a curator, and approve it."],
];

function action(words, act) {
  return h("button", { class: "link-button", type: "button", onclick: act }, words);
}

function curator() {
  return [...state.people.values()].find(({ role }) => role === "curator");
}

function becomeCurator() {
  const person = curator();
  const desk = state.channels.find(({ kind, members }) => kind === "private" && members?.includes(person?.id));
  if (person) goTo({ as: person.id, channel: desk?.id ?? state.channel });
}

function find(name) {
  return document.getElementById(name);
}

/** Tick off what the person has just done: "click" (with the element), "open" a link, or "say" (with the text). */
export function progress(what, detail) {
  const role = state.people.get(state.as)?.role;
  if (what === "open") done.add("share").add("open");
  if (what === "click" && detail.type === "button") done.add(role === "curator" && done.has("suggest") ? "decide" : "share");
  if (what === "say" && /https?:\/\//.test(detail)) done.add("suggest");
  draw();
}

function isDismissed() {
  return localStorage.getItem(KEY) === "dismissed";
}

/** Show the card again, or put it away for good. */
export function setGuide({ isShown }) {
  localStorage.setItem(KEY, isShown ? "shown" : "dismissed");
  draw();
}

function draw() {
  const card = find("guide");
  card.hidden = isDismissed();
  if (card.hidden) return;
  const steps = STEPS.map(([name, ...words]) => {
    const tick = h("span", { class: "tick", "aria-hidden": "true" }, done.has(name) ? icon("check") : String(STEPS.findIndex(([other]) => other === name) + 1));
    const said = done.has(name) && h("span", { class: "only-spoken" }, "Done: ");
    const parts = words.map((word) => (typeof word === "function" ? word() : word instanceof Node ? word.cloneNode(true) : word));
    return h("li", { class: done.has(name) ? "is-done" : null }, tick, h("span", null, said, parts));
  });
  card.replaceChildren();
  append(card, [
    h("h2", null, "Try this"),
    h("ol", null, steps),
    h("button", { class: "ghost icon-button", type: "button", "aria-label": "Put this card away", onclick: () => setGuide({ isShown: false }) }, icon("close")),
  ]);
}

/** Begin to keep the card up to date. */
export function startGuide() {
  when("as channels", draw);
  draw();
}
