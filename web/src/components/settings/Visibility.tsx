import { own, setInvisible } from "../../state/presence";

/** Whether others see that one is here; nothing where the server doesn't say. */
export function Visibility() {
  const mine = own.value;
  if (!mine) return null;
  return (
    <fieldset class="choices">
      <legend>Who sees you</legend>
      <label class="choice">
        <input
          type="checkbox"
          checked={mine.invisible}
          onChange={(event) => setInvisible(event.currentTarget.checked)}
        />
        Appear offline
      </label>
      <p class="hint">To everybody, on all your devices. You see others as before. This device remembers it.</p>
    </fieldset>
  );
}
