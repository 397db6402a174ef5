/** What the page does: fetching what changed, and acting for the person. Every failure is told in one place. */

import { fetchJson, listen, post, sentenceFor } from "./api.js";
import { markRead, noticeUnread } from "./unread.js";
import { changed, directMessage, findChannel, goTo, state } from "./store.js";
import { toast } from "./toasts.js";

const turns = new Map();

/** Run `fetching` and give its answer to `use`, unless the same thing was asked for again meanwhile. */
async function newest(name, fetching, use) {
  const turn = (turns.get(name) ?? 0) + 1;
  turns.set(name, turn);
  try {
    const answer = await fetching();
    if (turns.get(name) === turn) use(answer);
  } catch (error) {
    if (turns.get(name) === turn) console.warn(`${name}: ${error.message}`);
  }
}

/** Fetch the company once, at the start. */
export async function loadCompany() {
  const company = await fetchJson("/api/company");
  Object.assign(state.company, company);
  state.people = new Map(company.people.map((person) => [person.id, person]));
  state.channels = company.channels;
}

/** Fetch the channels of the acting person. */
export function loadChannels() {
  return newest("channels", () => fetchJson("/api/state", { as: state.as }), ({ people, channels }) => {
    state.people = new Map(people.map((person) => [person.id, person]));
    state.channels = channels;
    changed("channels");
  });
}

/** Fetch the messages of the open channel. */
export function loadMessages() {
  const { channel, as } = state;
  if (!channel) return Promise.resolve();
  return newest("messages", () => fetchJson("/api/messages", { channel, as, limit: 300 }), ({ messages }) => {
    Object.assign(state, { messages, messagesOf: `${as}/${channel}` });
    if (document.visibilityState === "visible") markRead(channel, messages.at(-1)?.ts);
    changed("messages");
  });
}

/** Fetch the open thread. */
export function loadThread() {
  const { channel, as, thread } = state;
  if (!thread) return Promise.resolve();
  return newest("thread", () => fetchJson("/api/thread", { channel, as, ts: thread }), ({ messages }) => {
    state.replies = messages;
    changed("thread");
  });
}

/** Fetch the person's open window. */
export function loadView() {
  return newest("view", () => fetchJson("/api/view", { as: state.as }), (answer) => {
    Object.assign(state, { view: answer.view, viewErrors: answer.errors ?? {}, viewStack: answer.stack ?? 1 });
    changed("view");
  });
}

/** Fetch the person's Home tab. */
export function loadHome() {
  return newest("home", () => fetchJson("/api/home", { as: state.as }), ({ view }) => {
    state.home = view;
    changed("home");
  });
}

/** Fetch the playground's time. */
export function loadClock() {
  return newest("clock", () => fetchJson("/api/clock"), ({ now }) => {
    state.clockOffset = Date.parse(now) / 1000 - Date.now() / 1000;
    changed("clock");
  });
}

/** Fetch whatever an action may have changed. */
export function refresh() {
  return Promise.all([loadMessages(), loadThread(), loadView(), state.tab === "home" ? loadHome() : null]);
}

const LOADERS = { view: loadView, home: loadHome, people: loadChannels, clock: loadClock };

function heard({ kind, channel, users }) {
  if (users && !users.includes(state.as)) return;
  if (kind !== "messages") LOADERS[kind]?.();
  else if (channel && channel !== state.channel) noticeUnread(channel, { isFresh: true });
  else Promise.all([loadMessages(), loadThread()]);
}

/** Begin to follow what changes; after every reconnect everything is fetched again. */
export function follow() {
  listen(heard, (link) => {
    const isBack = link === "open" && state.link === "waiting";
    state.link = link;
    changed("link");
    if (isBack) Promise.all([loadClock(), loadChannels(), refresh()]);
  });
}

/** Act as the person: POST, tell a failure, fetch what changed. Returns the answer. */
export async function act(path, body, { isQuiet = false } = {}) {
  const answer = await post(path, { as: state.as, ...body });
  if (!answer.ok && !isQuiet) toast(sentenceFor(answer), { isError: true });
  await refresh();
  return answer;
}

/** Say `text` in a channel, or give it as a command when it begins with a slash. */
export function send(text, { channel, thread = null }) {
  if (/^\/\w/.test(text) && !thread) return act("/api/command", { channel, text });
  return act("/api/say", { channel, text, thread_ts: thread ?? undefined });
}

/** Go to the conversation with the bot, on one of its tabs. */
export function openApp(tab) {
  goTo({ channel: directMessage()?.id ?? state.channel, tab });
}

/** Tell the bot that the person looks at Home. */
export async function openHome() {
  await act("/api/open_home", {}, { isQuiet: state.home !== null });
  await loadHome();
}

/** Is the open channel one where messages can be written? */
export function canWrite() {
  const channel = findChannel(state.channel);
  return Boolean(channel) && !channel.is_archived;
}
