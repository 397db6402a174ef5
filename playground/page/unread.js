/** Which channels hold something new, for each person, kept in this browser. */

import { fetchJson } from "./api.js";
import { changed, directMessage, goTo, listChannels, state } from "./store.js";
import { toast } from "./toasts.js";
import { now } from "./format.js";
import { unescapeText } from "./mrkdwn.js";

const KEY = "vouch-playground-read";

let told = null;

function readMarks() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

/** Everything before the first visit of this browser counts as read. */
export function beginReading() {
  const marks = readMarks();
  if (!marks.start) localStorage.setItem(KEY, JSON.stringify({ ...marks, start: String(now()) }));
}

/** Remember that the acting person has read a channel up to message `ts`. */
export function markRead(channel, ts) {
  const marks = readMarks();
  const name = `${state.as}/${channel}`;
  if (ts && Number(ts) > Number(marks[name] ?? 0)) localStorage.setItem(KEY, JSON.stringify({ ...marks, [name]: ts }));
  if (state.unread.delete(channel)) changed("unread");
}

/** Look whether a channel's newest message is new to the acting person, and show a dot if so; a fresh one of the bot's is told, as a chat does. */
export async function noticeUnread(channel, { isFresh = false } = {}) {
  const as = state.as;
  const isShown = listChannels().some(({ id }) => id === channel) || directMessage()?.id === channel;
  if (!isShown) return;
  const { messages } = await fetchJson("/api/messages", { channel, as, limit: 1 }).catch(() => ({ messages: [] }));
  const [newest] = messages;
  if (!newest || as !== state.as || newest.user === as || channel === state.channel) return;
  const marks = readMarks();
  if (Number(newest.ts) <= Number(marks[`${as}/${channel}`] ?? marks.start ?? 0)) return;
  state.unread.add(channel);
  changed("unread");
  if (!isFresh || channel !== directMessage()?.id || newest.ts === told) return;
  told = newest.ts;
  toast(`Vouch wrote to you: ${shortened(newest.text ?? "")}`, { act: () => goTo({ channel, tab: "messages" }) });
}

function shortened(text) {
  const line = unescapeText(text).split("\n")[0];
  return line.length > 90 ? `${line.slice(0, 89)}…` : line;
}

/** Look at all channels of the acting person, after a change of person. */
export function noticeAllUnread() {
  state.unread.clear();
  changed("unread");
  return Promise.all([directMessage(), ...listChannels()].filter(Boolean).map(({ id }) => noticeUnread(id)));
}
