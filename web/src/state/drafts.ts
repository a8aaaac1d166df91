/** What one has begun to write, by topic: it waits while one looks elsewhere. */
const drafts = new Map<string, string>();

export function draftOf(topic: string): string {
  return drafts.get(topic) ?? "";
}

export function keepDraft(topic: string, text: string): void {
  if (text) drafts.set(topic, text);
  else drafts.delete(topic);
}
