import "./Appearance.css";
import { announces, setAnnounces, setTheme, theme, THEMES } from "../../state/preferences";

const WORDS = { system: "As the system", light: "Light", dark: "Dark" } as const;

/** How hubbub looks, and what it says to a screen reader, on this device. */
export function Appearance() {
  return (
    <div class="appearance">
      <fieldset class="choices">
        <legend>Theme</legend>
        {THEMES.map((each) => (
          <label key={each} class="choice">
            <input type="radio" name="theme" checked={theme.value === each} onChange={() => setTheme(each)} />
            {WORDS[each]}
          </label>
        ))}
      </fieldset>
      <fieldset class="choices">
        <legend>Screen reader</legend>
        <label class="choice">
          <input
            type="checkbox"
            checked={announces.value}
            onChange={(event) => setAnnounces(event.currentTarget.checked)}
          />
          Announce new messages
        </label>
      </fieldset>
      <p class="hint">Remembered on this device.</p>
    </div>
  );
}
