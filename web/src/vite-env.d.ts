/// <reference types="vite/types/importMeta.d.ts" />

/** Styles are imported for their effect. */
declare module "*.css";

/** A stylesheet as text, for tests. */
declare module "*.css?raw" {
  const text: string;
  export default text;
}

/** A stylesheet as text, for a shadow root. */
declare module "*.css?inline" {
  const text: string;
  export default text;
}
