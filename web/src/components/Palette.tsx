import "./Palette.css";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { overlay } from "../state/overlay";
import { choicesFor, type Choice } from "../state/palette";
import { Dialog } from "./Dialog";

/** Go anywhere, or do anything, by a few letters. */
export function Palette() {
  const words = useSignal("");
  const at = useSignal(0);
  const list = useRef<HTMLUListElement>(null);
  const choices = choicesFor(words.value);
  const chosen = Math.min(at.value, choices.length - 1);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [chosen]);
  const run = (choice: Choice | undefined) => {
    if (!choice) return;
    overlay.value = null;
    choice.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) at.value = (chosen + step + choices.length) % Math.max(choices.length, 1);
    else if (event.key === "Enter" && !event.isComposing) run(choices[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog label="Go to">
      <input
        class="palette-words"
        autofocus
        role="combobox"
        aria-label="Go to a conversation, or do something"
        aria-expanded="true"
        aria-controls="palette-choices"
        aria-activedescendant={choices.length > 0 ? `choice-${chosen}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder="Go to"
        value={words.value}
        onInput={(event) => {
          words.value = event.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="palette-choices" class="palette-choices" role="listbox" aria-label="Choices" ref={list}>
        {choices.map((choice, index) => (
          <li
            key={choice.id}
            id={`choice-${index}`}
            class="palette-choice"
            role="option"
            aria-selected={index === chosen}
            onClick={() => run(choice)}
          >
            <bdi>{choice.title}</bdi>
            <span class="quiet">{choice.kind}</span>
          </li>
        ))}
      </ul>
      {choices.length === 0 && (
        <p class="palette-empty quiet" role="status">
          Nothing is called “{words.value}”.
        </p>
      )}
    </Dialog>
  );
}
