import "./Note.css";
import { Mark } from "./Mark";

interface NoteProps {
  title?: string;
  text: string;
  children?: preact.ComponentChildren;
}

/** What a pane says when it has nothing else to show. */
export function Note({ title, text, children }: NoteProps) {
  return (
    <div class="note">
      <Mark />
      {title && <h1>{title}</h1>}
      <p class="quiet">{text}</p>
      {children}
    </div>
  );
}
