/** What to do after a connection has ended. */
export type AfterClose =
  /** Stay away. */
  | "stop"
  /** Stay away: one may not connect here. */
  | "not_allowed"
  /** Connect again with a fresh credential. */
  | "refresh"
  /** The server is restarting: connect again and resume. */
  | "restart"
  /** The server has too much to do, with this client or at all: connect again and resume, but not soon. */
  | "overload"
  /** Connect again and resume. */
  | "reconnect";

/** What a close code asks of a client (rule CLO-1). A code that nobody knows means to reconnect. */
export function afterClose(code: number): AfterClose {
  switch (code) {
    case 1000:
    case 1009:
      return "stop";
    case 4003:
      return "not_allowed";
    case 4001:
      return "refresh";
    case 1012:
      return "restart";
    case 1013:
    case 4008:
    case 4029:
      return "overload";
    default:
      return "reconnect";
  }
}
