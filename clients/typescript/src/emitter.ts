/** A typed event emitter: `Events` maps each event's name to what its listeners get. */
export class Emitter<Events extends object> {
  #listeners = new Map<keyof Events, Set<(payload: never) => void>>();

  /** Call `listener` for every `name` from now on. Returns a function that ends this. */
  on<K extends keyof Events>(name: K, listener: (payload: Events[K]) => void): () => void {
    let listeners = this.#listeners.get(name);
    if (!listeners) this.#listeners.set(name, (listeners = new Set()));
    listeners.add(listener);
    return () => this.off(name, listener);
  }

  /** Call `listener` no longer. */
  off<K extends keyof Events>(name: K, listener: (payload: Events[K]) => void): void {
    this.#listeners.get(name)?.delete(listener);
  }

  protected emit<K extends keyof Events>(name: K, payload: Events[K]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      guarded(() => (listener as (payload: Events[K]) => void)(payload));
    }
  }
}

/**
 * Run a caller's function; what it throws is reported like any uncaught error, but harms neither the
 * other listeners nor the client's own state.
 */
export function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (typeof reportError === "function") reportError(error);
    else queueMicrotask(() => { throw error; });
  }
}
