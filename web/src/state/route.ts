import { signal } from "@preact/signals";

/** A view and what it shows. */
export type Route =
  | { view: "list" }
  | { view: "new" }
  | { view: "conversation"; id: number }
  | { view: "room"; name: string }
  | { view: "sign-in"; next: string }
  | { view: "unknown" };

/** The view of an address. */
export function routeOf(path: string, query = ""): Route {
  const parts = path.split("/").filter(Boolean).map(decoded);
  const [first, second] = parts;
  if (parts.length === 0) return { view: "list" };
  if (first === "new" && parts.length === 1) return { view: "new" };
  if (first === "c" && parts.length === 2 && /^\d{1,15}$/.test(second ?? "")) {
    return { view: "conversation", id: Number(second) };
  }
  if (first === "r" && parts.length === 2 && second) return { view: "room", name: second };
  if (first === "sign-in" && parts.length === 1) {
    const next = new URLSearchParams(query).get("next") ?? "/";
    // Only back into this UI: an address of another site must not pass for a link of ours.
    return { view: "sign-in", next: /^\/(?![/\\])/.test(next) ? next : "/" };
  }
  return { view: "unknown" };
}

/** The address of a view. */
export function pathOf(route: Route): string {
  switch (route.view) {
    case "conversation":
      return `/c/${route.id}`;
    case "room":
      return `/r/${encodeURIComponent(route.name)}`;
    case "new":
      return "/new";
    case "sign-in":
      return route.next === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(route.next)}`;
    default:
      return "/";
  }
}

/** The view that is shown. */
export const route = signal<Route>({ view: "list" });

/** Show a view. With `replace` the one that is left can't be gone back to. */
export function show(next: Route, replace = false): void {
  const path = pathOf(next);
  if (replace) history.replaceState(null, "", path);
  else if (path !== location.pathname + location.search) history.pushState(null, "", path);
  route.value = next;
}

/** Follow the address bar, and links within the page. */
export function startRouting(): void {
  const read = () => (route.value = routeOf(location.pathname, location.search));
  addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.defaultPrevented || link.target || link.origin !== location.origin) return;
    event.preventDefault();
    show(routeOf(link.pathname, link.search));
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
