/** Pictures in messages: an image that says what it would have shown when it cannot be loaded. */

import { h } from "./dom.js";
import { safeAddress } from "./addresses.js";

/** Return an image block's or element's picture; `alt_text` stands in its place when it does not load. */
export function blockImage(image, kind) {
  const address = image.image_url ?? image.slack_file?.url;
  const alt = image.alt_text ?? "";
  const missing = () => h("span", { class: `${kind} picture-missing`, role: "img", "aria-label": alt }, alt || "Picture");
  if (!address || !safeAddress(address)) return missing();
  const node = h("img", { class: kind, src: address, alt, title: alt, loading: "lazy" });
  node.addEventListener("error", () => node.replaceWith(missing()));
  return node;
}
