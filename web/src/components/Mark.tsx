import "./Mark.css";

/** hubbub's own sign: a voice, and who hears it. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="9" cy="16" r="5" />
      <path d="M17 9a10 10 0 0 1 0 14M22 5a16 16 0 0 1 0 22" />
    </svg>
  );
}
