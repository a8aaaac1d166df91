/** In a list of links or buttons: the arrows move from one to the next, Home and End to its ends. */
export function stepByArrows(event: KeyboardEvent): void {
  const list = event.currentTarget as HTMLElement;
  const stops = [...list.querySelectorAll<HTMLElement>("a[href], button:not(:disabled)")];
  const at = stops.indexOf(document.activeElement as HTMLElement);
  const last = stops.length - 1;
  const next = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[event.key];
  if (next === undefined || at < 0) return;
  event.preventDefault();
  stops[next]?.focus();
}

/** From the field above a list into it. */
export function toFirstLink(event: KeyboardEvent): void {
  const list = (event.currentTarget as HTMLElement).closest("nav")?.querySelector("ul");
  event.preventDefault();
  list?.querySelector<HTMLElement>("a[href]")?.focus();
}
