import "./Icon.css";

/** Line drawings on a grid of 24, for the eye only: what they mean stands beside them or in a label. */
const PATHS = {
  chats: "M4 5h16v11H10l-4 4v-4H4z",
  rooms: "M9 4 7 20M17 4l-2 16M4 9h16M4 15h16",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  info: "M4 5h16v14H4zM15 5v14",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4 4",
  add: "M12 5v14M5 12h14",
  send: "M5 12h13M12 5l7 7-7 7",
  down: "M12 5v14M5 12l7 7 7-7",
  up: "M12 19V5M5 12l7-7 7 7",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
  megaphone: "M4 10v4h3l8 5V5l-8 5zM18.5 9.5a4 4 0 0 1 0 5",
  notice: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8v.01",
  success: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM8.5 12.5l2.5 2.5 4.5-5.5",
  warning: "M12 4 3 20h18zM12 10v5M12 17.5v.01",
  danger: "M8.5 4h7L20 8.5v7L15.5 20h-7L4 15.5v-7zM12 8v5M12 16v.01",
  sent: "M5 13l4 4L19 7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
