/* Sets light or dark before the first paint, so that nothing flashes; tools.js has the switch. */
document.documentElement.dataset.theme =
  localStorage.getItem("vouch-playground-theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
