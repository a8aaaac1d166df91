import { signal } from "@preact/signals";
import { page } from "../page";

/** A view and what it shows. */
export type Route =
  | { view: "list" }
  | { view: "new" }
  | { view: "rooms" }
  | { view: "notifications"; unread?: true }
  | { view: "conversation"; id: number; detail?: true }
  | { view: "room"; name: string; detail?: true }
  | { view: "settings"; section: string | null }
  | { view: "sign-in"; next: string }
  | { view: "reset" }
  | { view: "verify" }
  | { view: "unknown" };

/** Views for people who need not be signed in. Whether a room is one the server decides. */
export const OPEN_VIEWS: ReadonlySet<Route["view"]> = new Set(["sign-in", "reset", "verify", "room"]);

const DETAIL = "info";
const UNREAD = "unread";

/** The view of an address; `root` is where the UI lives. */
export function routeOf(path: string, query = "", root = page.root): Route {
  if (!`${path}/`.startsWith(root)) return { view: "unknown" };
  const [first, second, ...rest] = path.slice(root.length).split("/").filter(Boolean).map(decoded);
  const detail = rest.length === 1 && rest[0] === DETAIL ? { detail: true as const } : {};
  const whole = rest.length === 0 || "detail" in detail;
  switch (first) {
    case undefined:
      return { view: "list" };
    case "c":
      if (whole && /^\d{1,15}$/.test(second ?? "")) return { view: "conversation", id: Number(second), ...detail };
      break;
    case "r":
      if (whole && second) return { view: "room", name: second, ...detail };
      break;
    case "settings":
      if (rest.length === 0) return { view: "settings", section: second ?? null };
      break;
    case "notifications":
      if (second === undefined) return { view: first };
      if (second === UNREAD && rest.length === 0) return { view: first, unread: true };
      break;
    case "new":
    case "rooms":
    case "reset":
    case "verify":
      if (second === undefined) return { view: first };
      break;
    case "sign-in":
      if (second === undefined) return { view: "sign-in", next: nextOf(query, root) };
  }
  return { view: "unknown" };
}

/** The address of a view. */
export function pathOf(route: Route, root = page.root): string {
  switch (route.view) {
    case "conversation":
      return `${root}c/${route.id}${route.detail ? `/${DETAIL}` : ""}`;
    case "room":
      return `${root}r/${encodeURIComponent(route.name)}${route.detail ? `/${DETAIL}` : ""}`;
    case "settings":
      return `${root}settings${route.section === null ? "" : `/${encodeURIComponent(route.section)}`}`;
    case "notifications":
      return `${root}notifications${route.unread ? `/${UNREAD}` : ""}`;
    case "new":
    case "rooms":
    case "reset":
    case "verify":
      return root + route.view;
    case "sign-in":
      return `${root}sign-in${route.next === root ? "" : `?next=${encodeURIComponent(route.next)}`}`;
    default:
      return root;
  }
}

/** Where signing in leads: only back into this UI, an address of another site must not pass for a link of ours. */
function nextOf(query: string, root: string): string {
  const next = new URLSearchParams(query).get("next") ?? root;
  return next.startsWith(root) && !/^\/[/\\]/.test(next) ? next : root;
}

/** The view that is shown. */
export const route = signal<Route>({ view: "list" });

let addressed = false;

/** Whether views have addresses: within a page that isn't ours they have none, and take no focus. */
export function ownsPage(): boolean {
  return addressed;
}

/** Show a view. With `replace` the one that is left can't be gone back to. */
export function show(next: Route, replace = false): void {
  const path = pathOf(next);
  const from = location.pathname + location.search;
  if (!addressed) {
    // The address is the page's around us.
  } else if (replace) history.replaceState(history.state, "", path);
  else if (path !== from) history.pushState({ from }, "", path);
  route.value = next;
}

/** Show an address of this UI in place of the present one. */
export function showPath(path: string): void {
  const { pathname, search } = new URL(path, location.href);
  history.replaceState(history.state, "", path);
  route.value = routeOf(pathname, search);
}

/** The address that a link leads to: paths are below the UI's root. Null for what is no address of a page. */
export function addressOf(link: string): URL | null {
  if (!link || !URL.canParse(link, new URL(page.root, location.href))) return null;
  const url = new URL(link, new URL(page.root, location.href));
  return /^https?:$/.test(url.protocol) ? url : null;
}

/** Follow a link: within the UI where it leads there. */
export function follow(url: URL): void {
  const next = url.origin === location.origin ? routeOf(url.pathname, url.search) : null;
  if (next && next.view !== "unknown") show(next);
  else location.assign(url);
}

/** Go back to a view: by the browser's own history where one came from there. */
export function goBack(to: Route): void {
  const { from } = (history.state ?? {}) as { from?: string };
  if (from === pathOf(to)) history.back();
  else show(to, true);
}

/** Follow the address bar, and links within the page. */
export function startRouting(): void {
  addressed = true;
  const read = () => (route.value = routeOf(location.pathname, location.search));
  addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.defaultPrevented || link.target || link.origin !== location.origin) return;
    const next = routeOf(link.pathname, link.search);
    // What isn't ours the browser follows: the admin of the same site for example.
    if (next.view === "unknown") return;
    event.preventDefault();
    show(next);
  });
  read();
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
