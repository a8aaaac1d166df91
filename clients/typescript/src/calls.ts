import type { Environment } from "./environment.js";
import { HubbubError, clientError, type ClientErrorCode } from "./errors.js";
import type { CommandFrame, ReplyFrame, ServerFrame } from "./frames.js";

/** A reply's `ok`. */
export type Ok = Record<string, unknown>;

interface Call {
  resolve(ok: Ok): void;
  reject(error: HubbubError): void;
}

interface WaitingCall extends Call {
  frame: CommandFrame;
}

/** Matches replies with commands by `id` (rule ENV-3). */
export class Calls {
  #send: (frame: CommandFrame) => boolean;
  #world: Environment;
  #lastId = 0;
  #sent = new Map<number, Call>();
  #waiting = new Set<WaitingCall>();
  /** The most bytes that the server takes in a frame. */
  frameBytes = 65_536;

  constructor(send: (frame: CommandFrame) => boolean, world: Environment) {
    this.#send = send;
    this.#world = world;
  }

  /** Send a command in the present session. Rejects with a HubbubError, `disconnected` where there is none. */
  request(frame: CommandFrame): Promise<Ok> {
    return new Promise((resolve, reject) => this.#start(frame, { resolve, reject }));
  }

  /**
   * Send a command now, or as soon as there is a session. Rejects with `timeout` when there is no reply
   * within `timeout` milliseconds, the waiting included.
   */
  requestSoon(frame: CommandFrame, online: boolean, timeout: number): Promise<Ok> {
    return new Promise((resolve, reject) => {
      const cancel = this.#world.after(timeout, () => {
        this.#waiting.delete(call);
        call.reject(clientError("timeout"));
      });
      const call: WaitingCall = {
        frame,
        resolve: (ok) => (cancel(), resolve(ok)),
        reject: (error) => (cancel(), reject(error)),
      };
      if (online) this.#start(frame, call);
      else this.#waiting.add(call);
    });
  }

  /** A session is ready: send what has waited. */
  flush(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) this.#start(call.frame, call);
  }

  /** Nothing of what was sent will be answered any more. */
  lost(): void {
    const sent = [...this.#sent.values()];
    this.#sent.clear();
    for (const call of sent) call.reject(clientError("disconnected"));
  }

  /** There will be no session either. */
  abandon(code: ClientErrorCode): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) call.reject(clientError(code));
  }

  /** Take in a reply. One to a call that was given up already is ignored. */
  answer(frame: ServerFrame): void {
    const { id, ok, error } = frame as ReplyFrame;
    const call = this.#sent.get(id);
    this.#sent.delete(id);
    if (error) call?.reject(new HubbubError(error));
    else call?.resolve(ok ?? {});
  }

  #start(frame: CommandFrame, call: Call): void {
    const id = ++this.#lastId;
    const whole = { ...frame, id };
    // The server closes a socket for good over a frame that is too long; better to fail this one alone.
    if (byteLength(JSON.stringify(whole)) > this.frameBytes) return call.reject(clientError("too_big"));
    this.#sent.set(id, call);
    if (!this.#send(whole)) {
      this.#sent.delete(id);
      call.reject(clientError("disconnected"));
    }
  }
}

/** How long a text is on the wire. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
