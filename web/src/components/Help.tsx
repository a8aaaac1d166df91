import "./Help.css";
import { KEYS } from "../state/keys";
import { overlay } from "../state/overlay";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";

/** The keys that work everywhere. */
export function Help() {
  return (
    <Dialog label="Keyboard help">
      <header class="help-header">
        <h2>Keyboard</h2>
        <button class="icon-button" aria-label="Close the help" autofocus onClick={() => (overlay.value = null)}>
          <Icon name="close" />
        </button>
      </header>
      <dl class="help-keys">
        {KEYS.map(([keys, meaning]) => (
          <div key={keys} class="help-key">
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
