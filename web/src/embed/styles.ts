import embedded from "./Embedded.css?inline";

const components = import.meta.glob<string>("../components/*.css", { query: "?inline", import: "default", eager: true });
const styles = import.meta.glob<string>("../styles/*.css", { query: "?inline", import: "default", eager: true });

/** All styles of the UI for a shadow root, which has a host where a page has its root element. */
export function forShadowRoot(css: string): string {
  return css.replace(/:root(\[[^\]]*\])/g, ":host($1)").replace(/:root\b/g, ":host");
}

let made: CSSStyleSheet | undefined;

/** The one sheet for every element; made by script, so a page's policy needn't allow inline styles. */
export function sheet(): CSSStyleSheet {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(forShadowRoot([...Object.values(styles), ...Object.values(components), embedded].join("\n")));
  }
  return made;
}
