import "./LevelIcon.css";
import type { Announcement } from "hubbub";
import { Icon, type IconName } from "../Icon";

const ICONS: Record<Announcement["level"], IconName> = {
  info: "notice",
  success: "success",
  warning: "warning",
  danger: "danger",
};
const WORDS = { info: "", success: "Success", warning: "Warning", danger: "Important" } as const;

/** How grave something is: a shape, a colour and a word for who sees neither. */
export function LevelIcon({ level, announced = false }: { level: Announcement["level"]; announced?: boolean }) {
  return (
    <span class={`level-icon is-${level}`}>
      <Icon name={level === "info" && announced ? "megaphone" : ICONS[level]} />
      {WORDS[level] && <span class="visually-hidden">{WORDS[level]}:</span>}
    </span>
  );
}
