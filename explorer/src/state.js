// The view that is shown is the address: "#pairs?dataset=sst2&find=good". Every change of it can be sent as a link.
import { signal } from "@preact/signals";

export const PAGES = { overview: "Overview", results: "Results", pairs: "Pairs", curves: "Curves", words: "Words", sources: "Data and provenance" };
export const COMPARED = { overview: "Differences", texts: "Texts", settings: "Settings" }; // of the page of two studies

function parsed() {
  const [page, query] = location.hash.slice(1).split(/\?(.*)/s);
  const asked = Object.fromEntries(new URLSearchParams(query ?? ""));
  return { ...asked, page: Object.hasOwn({ ...PAGES, ...COMPARED }, page) ? page : "overview" };
}

export const view = signal(parsed());
addEventListener("hashchange", () => (view.value = parsed()));

export function address(of) {
  const { page, ...rest } = of;
  const query = new URLSearchParams(Object.entries(rest).filter(([, value]) => value !== "" && value != null));
  return `#${page}${query.size ? `?${query}` : ""}`;
}

// Another page at once, as a link leads there
export function visit(to) {
  history.pushState(null, "", to);
  view.value = parsed();
}

// A new page is a step that the browser's back button undoes; a facet of the same page is none
export function show(changes, { step = false } = {}) {
  const next = { ...view.value, ...changes };
  for (const name of Object.keys(next)) if (next[name] === "" || next[name] == null) delete next[name];
  history[step ? "pushState" : "replaceState"](null, "", address(next));
  view.value = next;
}
