import type { Environment } from "./environment.js";

/** How long nothing has been heard of the other side. */
export class Silence {
  #world: Environment;
  #elapsed = 0;
  #now = 0;

  constructor(world: Environment) {
    this.#world = world;
  }

  /** Something has been heard. */
  end(): void {
    this.#elapsed = this.#world.elapsed();
    this.#now = this.#world.now();
  }

  /** When something was heard last, by the environment's `elapsed`. */
  get since(): number {
    return this.#elapsed;
  }

  /**
   * In milliseconds. One clock may stand still while the machine sleeps, the other may be set back, so the
   * longer time counts; a clock that is set forward costs one reconnect.
   */
  get length(): number {
    return Math.max(this.#world.elapsed() - this.#elapsed, this.#world.now() - this.#now);
  }
}
