import "./TypingLine.css";
import { nameOf } from "../state/people";
import { typingLine, type Typists } from "../state/typists";

export function TypingLine({ typists }: { typists: Typists }) {
  const names = [...typists.values()].map(({ person }) => nameOf(person));
  // Always there, so that nothing moves when somebody begins to type.
  return (
    <p class="typing-line" aria-live="off">
      {typingLine(names)}
    </p>
  );
}
