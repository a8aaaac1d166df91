/** An error as it stands on the wire (rule ERR-1). */
export interface ErrorBody {
  code: string;
  message: string;
  /** The same command may succeed later. */
  temporary: boolean;
  /** Seconds to wait before trying again, where the server knows. */
  retry_after?: number;
}

/**
 * Codes that the client itself gives, beside those of the server:
 *
 * - `disconnected`: the connection ended before the reply came; whether it happened is unknown.
 * - `timeout`: no reply in time; whether it happened is unknown.
 * - `no_token`: the function that gets tokens or tickets failed. It comes by the `error` event, and is tried again.
 * - `closed`, `signed_out`, `not_allowed`: the client is not connected and won't be by itself.
 * - `too_big`: the frame is larger than the server takes; it was not sent.
 * - `expired`: it waited so long that the server may no longer know whether it came already.
 * - `unknown_outcome`: a guest's connection ended before the reply; sending again could double it.
 */
export type ClientErrorCode =
  | "disconnected"
  | "timeout"
  | "no_token"
  | "closed"
  | "signed_out"
  | "not_allowed"
  | "too_big"
  | "expired"
  | "unknown_outcome";

/** What a command is rejected with. */
export class HubbubError extends Error {
  override readonly name = "HubbubError";
  /** What went wrong, for programs: a code of the server, or a {@link ClientErrorCode}. */
  readonly code: string;
  /** The same command may succeed later. */
  readonly temporary: boolean;
  /** Seconds to wait before trying again; null where unknown. */
  readonly retryAfter: number | null;

  constructor(body: ErrorBody, options?: ErrorOptions) {
    super(body.message, options);
    this.code = body.code;
    this.temporary = body.temporary;
    this.retryAfter = body.retry_after ?? null;
  }

  /** The error as it stands on the wire, to store it. */
  body(): ErrorBody {
    const { code, message, temporary } = this;
    return { code, message, temporary, ...(this.retryAfter === null ? {} : { retry_after: this.retryAfter }) };
  }
}

const MESSAGES: Record<ClientErrorCode, string> = {
  disconnected: "The connection was lost.",
  timeout: "The server didn't answer in time.",
  no_token: "No token could be got for now.",
  closed: "The connection is closed.",
  signed_out: "Sign in first.",
  not_allowed: "You may not connect here.",
  too_big: "This is too large to send.",
  expired: "This waited too long to be sent by itself.",
  unknown_outcome: "The connection was lost, so it isn't known whether this was sent.",
};

const TEMPORARY: ReadonlySet<ClientErrorCode> = new Set(["disconnected", "timeout", "no_token"]);

/** An error that the client itself found. */
export function clientError(code: ClientErrorCode, options?: ErrorOptions): HubbubError {
  return new HubbubError({ code, message: MESSAGES[code], temporary: TEMPORARY.has(code) }, options);
}
