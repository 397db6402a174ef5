/** The playground's JSON API (docs/playground.md): asking, acting and listening. */

/** Return the answer of a GET as an object; it throws when the playground cannot be reached. */
export async function fetchJson(path, query = {}) {
  const wanted = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const answer = await fetch(`${path}?${new URLSearchParams(wanted)}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

/** Return the answer of a POST; one that never came looks like any other failure, so that callers need one branch. */
export async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    return await answer.json();
  } catch {
    return { ok: false, error: "playground_unreachable" };
  }
}

const SENTENCES = {
  operation_timeout: "Vouch did not answer in time. Nothing was lost; try again.",
  bot_error: "Something went wrong while Vouch was answering. Nothing was lost; try again.",
  bot_unreachable: "Vouch is not running just now. Try again in a moment.",
  playground_unreachable: "The playground cannot be reached. Is it still running?",
  not_found: "This is not there any more. The page shows what is there now.",
};

/** Return the sentence a person reads for a failed answer. */
export function sentenceFor(answer) {
  return SENTENCES[answer.error] ?? answer.message ?? `That did not work (${answer.error ?? "unknown reason"}).`;
}

/** Listen to what changes; `onchange` gets each notice, `onlink` "open" or "waiting". The browser reconnects by itself. */
export function listen(onchange, onlink) {
  const source = new EventSource("/api/stream");
  source.addEventListener("open", () => onlink("open"));
  source.addEventListener("error", () => onlink("waiting"));
  source.addEventListener("message", (event) => onchange(JSON.parse(event.data)));
  return source;
}
