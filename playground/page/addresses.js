/** Addresses that come from messages: which ones a browser may follow, and how. */

import { state } from "./store.js";

/** Return `address` if a browser may safely follow it (http, https, mailto, tel), else null. */
export function safeAddress(address) {
  try {
    const url = new URL(String(address), location.href);
    return ["http:", "https:", "mailto:", "tel:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Return the address that opens `address` as the acting person: through /open when it is this playground's own. */
export function openAddress(address) {
  const url = new URL(safeAddress(address) ?? location.href);
  const isLoopback = (host) => ["localhost", "127.0.0.1", "[::1]"].includes(host);
  const isOwn = url.origin === location.origin || (url.port === location.port && isLoopback(url.hostname) && isLoopback(location.hostname));
  return isOwn ? `/open?${new URLSearchParams({ as: state.as, to: url.href })}` : url.href;
}
