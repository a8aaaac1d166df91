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
          onChange={({ currentTarget: box }) => {
            // Where the server refuses, nothing changes, and nothing is drawn anew.
            setInvisible(box.checked).catch(() => (box.checked = own.value?.invisible ?? false));
          }}
        />
        Appear offline
      </label>
      <p class="hint">To everybody, on all your devices. You see others as before. This device remembers it.</p>
    </fieldset>
  );
}
