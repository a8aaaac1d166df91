import "./Avatar.css";
import type { Person, Presence } from "hubbub";
import { colourOf, nameOf } from "../state/people";

interface AvatarProps {
  person: Pick<Person, "id" | "username">;
  letter?: string;
  /** Several people or a place, not one person. */
  square?: boolean;
  /** A mark for who is online (filled) or away (a ring); whoever is neither has none. */
  state?: Presence["state"] | undefined;
}

/** A first letter in the colour of the person, or of the conversation; for the eye only: name and state stand beside it. */
export function Avatar({ person, letter, square = false, state = "offline" }: AvatarProps) {
  const shown = letter ?? Array.from(nameOf({ first_name: "", last_name: "", ...person }))[0] ?? "?";
  return (
    <span class={`avatar person-${colourOf(person)} ${square ? "is-square" : ""}`} aria-hidden="true">
      {shown.toLocaleUpperCase()}
      {state !== "offline" && <span class={`avatar-state is-${state}`} />}
    </span>
  );
}
