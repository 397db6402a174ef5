/** What the page knows, and who wants to hear when it changes. Modules read `state`; `actions.js` fills it. */

export const APP = "app";

export const state = {
  as: null,
  channel: null,
  tab: "messages",
  thread: null,
  point: null,
  people: new Map(),
  channels: [],
  company: { name: "Workspace", shortcuts: [], commands: [], bot: { id: null, name: "Vouch" } },
  messages: [],
  messagesOf: null,
  replies: [],
  view: null,
  home: null,
  unread: new Set(),
  clockOffset: 0,
  link: "connecting",
};

const listeners = new Map();

/** Call `act` whenever one of the `topics` changed (any number, in one string with spaces). */
export function when(topics, act) {
  for (const topic of topics.split(" ")) {
    if (!listeners.has(topic)) listeners.set(topic, new Set());
    listeners.get(topic).add(act);
  }
}

/** Tell everyone who listens to one of the `topics`, each of them once. */
export function changed(topics) {
  const concerned = new Set(topics.split(" ").flatMap((topic) => [...(listeners.get(topic) ?? [])]));
  for (const act of concerned) act();
}

/** Return a person's or the bot's name, or null. */
export function personName(id) {
  return isBot(id) ? state.company.bot.name : (state.people.get(id)?.name ?? null);
}

/** Is `id` the bot, by any of its ids? */
export function isBot(id) {
  const { bot } = state.company;
  return Boolean(id) && (id === bot.id || id === bot.bot_id || id === bot.user_id);
}

/** Return a channel's name if the acting person may see it, or null. */
export function channelName(id) {
  return findChannel(id)?.name ?? null;
}

/** Return the channel called `id`, or null. */
export function findChannel(id) {
  return state.channels.find((channel) => channel.id === id) ?? null;
}

/** Return the acting person's conversation with the bot, or null. */
export function directMessage() {
  const own = state.channels.filter((channel) => channel.kind === "im");
  return own.find((channel) => !channel.user || channel.user === state.as) ?? null;
}

/** Return the channels that the acting person sees in the side bar. */
export function listChannels() {
  return state.channels.filter((channel) => channel.kind !== "im" && (channel.id === state.channel || (channel.members?.includes(state.as) ?? true)));
}

/** Go to a place: any of `as`, `channel`, `tab`, `thread`; what is left out stays. The address follows. */
export function goTo(place) {
  const moved = { tab: "messages", thread: null, ...ownConversation(place), ...place };
  const isNew = ["as", "channel", "tab", "thread"].some((name) => name in moved && moved[name] !== state[name]);
  if (!isNew) return;
  const topics = "as" in moved && moved.as !== state.as ? "as place" : "place";
  Object.assign(state, moved);
  changed(topics);
}

/** Whoever looks at the conversation with the bot and becomes someone else looks at that person's one. */
function ownConversation({ as }) {
  const isOwn = findChannel(state.channel)?.kind === "im";
  return as && isOwn ? { channel: state.people.get(as)?.im ?? state.channel, tab: state.tab } : {};
}

/** Open a channel, as a click on its name does. */
export function openChannel(id) {
  goTo({ channel: id });
}
