/** Styles are imported for their effect. */
declare module "*.css";

/** A stylesheet as text, for tests. */
declare module "*.css?raw" {
  const text: string;
  export default text;
}
