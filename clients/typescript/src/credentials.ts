import { HubbubError } from "./errors.js";

/** A token, or where to get one: a function that resolves to null when nobody is signed in. */
export type TokenSource = string | (() => Promise<string | null>);

/** Getting a token failed, but may succeed later: the network was away, not the user. */
export class TokenUnavailable extends Error {
  override readonly name = "TokenUnavailable";
}

/** Keeps the token that was got last, and gets another when it is asked to or that one has expired. */
export class Credentials {
  #source: TokenSource | undefined;
  #now: () => number;
  #token: string | null = null;
  #expires: number | null = null;

  constructor(source: TokenSource | undefined, now: () => number) {
    this.#source = source;
    this.#now = now;
  }

  /** Whether connecting takes a token at all; without one the session cookie says who this is. */
  get used(): boolean {
    return this.#source !== undefined;
  }

  /** Whether a fresh token can be had. */
  get renewable(): boolean {
    return typeof this.#source === "function";
  }

  /** When the token expires, in milliseconds since 1970 by the token's own clock; null where it doesn't say. */
  get expires(): number | null {
    return this.#expires;
  }

  /** The token to connect with; null when nobody is signed in. Rejects as {@link fresh} does. */
  async current(): Promise<string | null> {
    const expired = this.#expires !== null && this.#expires <= this.#now();
    if (this.#token !== null && !(expired && this.renewable)) return this.#token;
    return this.fresh();
  }

  /**
   * A token that was not used before; null when nobody is signed in. Rejects with
   * {@link TokenUnavailable} when it may work later.
   */
  async fresh(): Promise<string | null> {
    let token: string | null;
    try {
      token = typeof this.#source === "function" ? await this.#source() : (this.#source ?? null);
    } catch (error) {
      // `fetch` rejects with a TypeError when the network is away; that signs nobody out.
      if (error instanceof TypeError || (error instanceof HubbubError && error.temporary)) {
        throw new TokenUnavailable("No token could be got for now.", { cause: error });
      }
      token = null;
    }
    this.#token = token;
    this.#expires = token === null ? null : expiryOf(token);
    return token;
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
