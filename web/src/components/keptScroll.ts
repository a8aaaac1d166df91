import { useLayoutEffect, useRef } from "preact/hooks";
import { route } from "../state/route";

const places = new Map<string, number>();

/** Keeps how far an element is scrolled, by name, over its being hidden or gone. */
export function useKeptScroll<E extends HTMLElement>(name: string) {
  const box = useRef<E>(null);
  const shown = route.value;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.scrollTop = places.get(name) ?? 0;
    // One that is hidden tells of a place that it has lost.
    const keep = () => {
      if (element.offsetParent !== null) places.set(name, element.scrollTop);
    };
    element.addEventListener("scroll", keep, { passive: true });
    return () => element.removeEventListener("scroll", keep);
  }, [shown]);
  return box;
}
