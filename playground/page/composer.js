/** Where people write: a text box that grows, with the bot's commands at hand after a slash. */

import { canWrite, send } from "./actions.js";
import { append, h, icon } from "./dom.js";
import { progress } from "./guide.js";
import { findChannel, state, when } from "./store.js";

const WORDS = [
  ["help", "", "what Vouch can do for you"],
  ["me", "", "what your shares brought"],
  ["leaderboard", "[week|month|season] [team]", "how everyone is doing"],
  ["why", "", "where your points come from"],
  ["suggest", "<link> [why]", "propose a page to share"],
  ["settings", "", "network, language, your name on boards"],
  ["privacy", "", "see, export or erase what is kept about you"],
  ["leave", "", "stop taking part, privately"],
];

const CURATORS_WORDS = [
  ["post", "[link]", "write a new post"],
  ["queue", "", "what waits for a decision"],
  ["approve", "<id>", "approve a suggestion or post"],
  ["decline", "<id> <reason>", "decline it, kindly"],
  ["edit", "<id>", "change a post"],
  ["schedule", "<id> <when>", "announce it later"],
  ["withdraw", "<id>", "take a post back"],
];

const ADMINS_WORDS = [
  ["setup", "<code>", "the first steps"],
  ["failures", "", "what could not be delivered"],
];

const drafts = new Map();

/** Return a composer for the open channel, or for its open thread. */
export function composer({ isThread = false } = {}) {
  const name = isThread ? "thread-composer" : "composer";
  const box = h("textarea", { rows: 1, dir: "auto", "data-testid": name, "aria-autocomplete": "list", "aria-controls": `${name}-words` });
  const button = h("button", { class: "button primary icon-button send", type: "button", "aria-label": "Send", "data-testid": isThread ? "thread-send" : "send" }, icon("send"));
  const words = h("div", { class: "completions", id: `${name}-words`, role: "listbox", "aria-label": "Commands", hidden: true });
  const note = h("p", { class: "composer-note" });
  const root = h("div", { class: "composer" }, words, h("div", { class: "composer-box" }, box, button), note);
  const place = () => `${state.as}/${state.channel}/${isThread ? state.thread : ""}`;
  let current = place();

  const grow = () => {
    box.style.height = "auto";
    if (box.value && box.scrollHeight) box.style.height = `${Math.min(box.scrollHeight, 220)}px`;
    button.disabled = !box.value.trim();
  };
  const submit = async () => {
    const text = box.value.trim();
    if (!text || box.readOnly) return;
    const from = place();
    fill("");
    hideWords(words, box);
    progress("say", text);
    const answer = await send(text, { channel: state.channel, thread: isThread ? state.thread : null });
    if (!answer.ok && place() === from && !box.value) fill(text);
  };
  const fill = (text) => {
    box.value = text;
    drafts.set(place(), text);
    grow();
  };
  const complete = (word) => {
    fill(`${word} `);
    hideWords(words, box);
    box.focus();
  };
  box.addEventListener("input", () => {
    drafts.set(place(), box.value);
    grow();
    showWords(words, box, isThread ? [] : matches(box.value), complete);
  });
  box.addEventListener("keydown", (event) => typed(event, { words, box, submit }));
  box.addEventListener("blur", () => setTimeout(() => hideWords(words, box), 150));
  button.addEventListener("click", submit);

  when("as place channels", () => {
    const channel = findChannel(state.channel);
    const isOpen = canWrite();
    const label = isThread ? "Reply…" : `Message ${channel?.kind === "im" ? channel.name : `#${channel?.name ?? ""}`}`;
    box.placeholder = isOpen ? label : "";
    box.setAttribute("aria-label", label);
    box.readOnly = !isOpen;
    root.classList.toggle("is-off", !isOpen);
    note.textContent = channel?.is_archived ? "This channel is archived; nobody can write here." : "";
    if (current === place()) return;
    current = place();
    box.value = drafts.get(current) ?? "";
    grow();
    hideWords(words, box);
  });
  grow();
  return root;
}

function matches(text) {
  if (!/^\/[\w-]*( [\w-]*)?$/.test(text)) return [];
  const commands = state.company.commands.map(({ command, description }) => ({ word: command, usage: "", note: description }));
  const [name, rest] = text.split(" ");
  if (rest === undefined && name !== commands[0]?.word) return commands.filter(({ word }) => word.startsWith(name));
  if (!commands.some(({ word }) => word === name)) return [];
  return wordsOf(state.people.get(state.as)?.role).filter(([word]) => word.startsWith(rest ?? "")).map(([word, usage, note]) => ({ word: `${name} ${word}`, usage, note }));
}

function wordsOf(role) {
  const more = { curator: [CURATORS_WORDS], admin: [CURATORS_WORDS, ADMINS_WORDS] };
  return [WORDS, ...(more[role] ?? [])].flat();
}

function showWords(list, box, found, complete) {
  list.replaceChildren();
  list.hidden = !found.length;
  box.setAttribute("aria-expanded", String(!list.hidden));
  box.removeAttribute("aria-activedescendant");
  append(list, found.map(({ word, usage, note }, place) => {
    const row = h("div", { class: "completion", role: "option", id: `${list.id}-${place}`, "aria-selected": "false", dataset: { word } },
      h("span", { class: "completion-word" }, word, usage && h("span", { class: "faint" }, ` ${usage}`)), h("span", { class: "menu-note" }, note));
    row.addEventListener("mousedown", (event) => {
      event.preventDefault();
      complete(word);
    });
    return row;
  }));
  list.complete = complete;
}

function hideWords(list, box) {
  showWords(list, box, [], null);
}

function typed(event, { words, box, submit }) {
  if (!words.hidden && chooseWord(event, words, box)) return;
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
}

function chooseWord(event, words, box) {
  const rows = [...words.children];
  const here = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const steps = { ArrowDown: here + 1, ArrowUp: here < 0 ? -1 : here - 1 };
  if (event.key in steps) {
    const next = rows.at(steps[event.key] % rows.length);
    for (const row of rows) row.setAttribute("aria-selected", String(row === next));
    box.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Escape") {
    hideWords(words, box);
  } else if ((event.key === "Tab" && !event.shiftKey) || (event.key === "Enter" && here >= 0)) {
    words.complete(rows[Math.max(here, 0)].dataset.word);
  } else {
    return false;
  }
  event.preventDefault();
  return true;
}
