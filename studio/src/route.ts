/** The page shown and its parameters, kept in the address. */
import { signal } from "@preact/signals";

export const PAGES = ["desk", "runs", "edits", "policies", "certificates"] as const;
export type Page = (typeof PAGES)[number];

interface Place {
  readonly page: Page;
  readonly query: URLSearchParams;
}

const read = (): Place => ({
  page: PAGES.find((page) => location.pathname === `/${page}`) ?? "runs",
  query: new URLSearchParams(location.search),
});

export const place = signal(read());
addEventListener("popstate", () => {
  place.value = read();
});

/** Shows a page. */
export function go(page: Page, query: URLSearchParams = new URLSearchParams()): void {
  const search = query.toString();
  history.pushState(null, "", `/${page}${search === "" ? "" : `?${search}`}`);
  place.value = read();
}

/** Changes parameters of this page; undefined takes one away. */
export function refine(change: Readonly<Record<string, string | readonly string[] | undefined>>): void {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(change)) {
    query.delete(name);
    for (const one of value === undefined ? [] : typeof value === "string" ? [value] : value)
      query.append(name, one);
  }
  go(place.value.page, query);
}
