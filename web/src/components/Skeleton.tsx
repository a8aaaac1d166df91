import "./Skeleton.css";

/** The shape of what is on its way; shows when that takes longer than a moment. */
export function Skeleton({ label, rows = 3 }: { label: string; rows?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} class="skeleton-row">
          <span class="skeleton-face" />
          <span class="skeleton-line" />
        </span>
      ))}
    </div>
  );
}
