import { HubbubError } from "./errors.js";

/**
 * A token, or where to get one: a function that resolves to null when nobody is signed in. What it rejects
 * with counts as passing (the network is away, the server restarts), and it is asked again after a while;
 * but for a {@link HubbubError} that is not temporary.
 */
export type TokenSource = string | (() => Promise<string | null>);

/** Keeps the token that was got last, and gets another when it is asked to or that one has expired. */
export class Credentials {
  /** How the server is told: nothing is where the session cookie says who this is. */
  readonly parameter: "token" | "ticket" | null;
  #source: TokenSource | undefined;
  #now: () => number;
  #token: string | null = null;
  #expires: number | null = null;

  constructor({ token, ticket }: { token?: TokenSource; ticket?: () => Promise<string | null> }, now: () => number) {
    if (token !== undefined && ticket) throw new TypeError("Give a client a token or a ticket, not both.");
    this.parameter = ticket ? "ticket" : token !== undefined ? "token" : null;
    this.#source = ticket ?? token;
    this.#now = now;
  }

  /** Whether a fresh token can be had. */
  get renewable(): boolean {
    return typeof this.#source === "function";
  }

  /** When the token expires, in milliseconds since 1970 by the token's own clock; null where it doesn't say. */
  get expires(): number | null {
    return this.#expires;
  }

  /** What to connect with; null when nobody is signed in. Rejects as {@link fresh} does. */
  async current(): Promise<string | null> {
    const expired = this.#expires !== null && this.#expires <= this.#now();
    const spent = this.parameter === "ticket" || (expired && this.renewable);
    return this.#token !== null && !spent ? this.#token : this.fresh();
  }

  /** Who connects next may be somebody else: ask again then. */
  forget(): void {
    this.#token = this.#expires = null;
  }

  /** One that was not used before; null when nobody is signed in. Rejects when it may be had later. */
  async fresh(): Promise<string | null> {
    this.#token = await this.#ask();
    this.#expires = this.#token === null || this.parameter === "ticket" ? null : expiryOf(this.#token);
    return this.#token;
  }

  async #ask(): Promise<string | null> {
    if (typeof this.#source !== "function") return this.#source ?? null;
    try {
      return await this.#source();
    } catch (error) {
      if (error instanceof HubbubError && !error.temporary) return null;
      throw error;
    }
  }
}

/** The `exp` of a JWT in milliseconds since 1970; null where the token is no JWT or has none. */
export function expiryOf(token: string): number | null {
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const { exp } = JSON.parse(atob(payload)) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 : null;
  } catch {
    return null;
  }
}
