/** Locks as a browser has them, for several pages of one origin. A page that is gone lets its own go. */
export class FakeLocks {
  #held = new Map<string, Promise<unknown>>();

  /** What one page sees as `navigator.locks`. */
  readonly manager = {
    request: (name: string, ...rest: unknown[]) => {
      const run = rest.pop() as (lock: object | null) => unknown;
      return this.#request(name, (rest[0] ?? {}) as LockOptions, run);
    },
  } as unknown as LockManager;

  async #request(name: string, { ifAvailable, signal }: LockOptions, run: (lock: object | null) => unknown) {
    if (ifAvailable && this.#held.has(name)) return run(null);
    while (this.#held.has(name)) {
      await this.#held.get(name);
      signal?.throwIfAborted();
    }
    const done = Promise.resolve(run({ name }));
    this.#held.set(name, done);
    void done.finally(() => this.#held.get(name) === done && this.#held.delete(name));
    return done;
  }
}
