import "./Avatar.css";
import type { Person } from "hubbub";
import { colourOf, nameOf } from "../state/people";

/** A person's first letter in the person's colour; for the eye only, the name stands beside it. */
export function Avatar({ person, letter }: { person: Pick<Person, "id" | "username">; letter?: string }) {
  const shown = letter ?? Array.from(nameOf({ first_name: "", last_name: "", ...person }))[0] ?? "?";
  return (
    <span class={`avatar person-${colourOf(person)}`} aria-hidden="true">
      {shown.toLocaleUpperCase()}
    </span>
  );
}
