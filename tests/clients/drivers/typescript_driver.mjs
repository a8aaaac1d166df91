// Drives the TypeScript client by lines of JSON on standard input, and tells on standard output what it sees.
// The driver for Python beside it speaks the same; tests/clients/driver.py is the other end of both.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { Client } = await import(pathToFileURL(process.argv[2]).href);

const tell = (fields) => process.stdout.write(`${JSON.stringify(fields)}\n`);

/** Keeps the queue in a file, as a program in Node would. */
class FileStore {
  constructor(path) {
    this.path = path;
    this.kept = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  }

  open(user, { adopt, loaded }) {
    adopt(Object.values(this.kept[user] ?? {}));
    loaded();
    return () => {};
  }

  put(user, command) {
    (this.kept[user] ??= {})[command.key] = command;
    this.write();
  }

  remove(user, key) {
    delete this.kept[user]?.[key];
    this.write();
  }

  write() {
    writeFileSync(`${this.path}.new`, JSON.stringify(this.kept));
    renameSync(`${this.path}.new`, this.path);
  }
}

const tokens = [];
const waiting = [];
let client;

function askToken() {
  tell({ told: "token" });
  return new Promise((resolve) => (tokens.length > 0 ? resolve(tokens.shift()) : waiting.push(resolve)));
}

function replied(topic, content, ok) {
  tell({ told: "reply", topic, content, offset: ok.offset, id: ok.message.id });
}

function start({ url, token, renewable, queue, topics, user }) {
  client = new Client({
    url,
    ...(renewable ? { token: askToken } : token === null ? {} : { token }),
    ...(queue === null ? {} : { store: new FileStore(queue) }),
    backoff: { base: 100, cap: 1000 },
    replyTimeout: 3000,
  });
  if (queue !== null) client.useQueueOf(user);
  client.on("status", (status) => {
    tell({ told: "status", status });
    if (["signed_out", "not_allowed", "closed"].includes(status)) tell({ told: "ended", code: status });
  });
  client.on("replied", ({ command, reply }) => replied(command.topic, command.data.content, reply));
  for (const topic of topics) {
    let live = false;
    client.subscribe(topic, {
      onLive: ({ offset }) => {
        if (!live) tell({ told: "live", topic, offset });
        live = true;
      },
      onEvent: ({ offset, data }) => {
        if (offset !== undefined) tell({ told: "event", topic, offset, content: data.message?.content ?? "" });
      },
      onReset: ({ reason, position }) => tell({ told: "reset", topic, reason, offset: position.offset }),
    });
  }
  client.connect();
}

const shown = new Map();
let stopLooking = () => {};

/** What changes of each user, as the Python client tells it. */
function look({ users }) {
  stopLooking();
  stopLooking = client.presence.watch(users, (people) => {
    for (const [user, presence] of people) {
      const { state, invisible, devices } = presence;
      const now = JSON.stringify(presence);
      if (shown.get(user) !== now) tell({ told: "presence", user, state, invisible, devices: devices.length });
      shown.set(user, now);
    }
  });
}

function appear({ state, invisible }) {
  client.presence.set({ ...(state === null ? {} : { state }), ...(invisible === null ? {} : { invisible }) });
}

function send({ topic, content }) {
  client.command("chat.send", topic, { content, client_id: content }, { queue: true }).then(
    (ok) => replied(topic, content, ok),
    ({ code }) => tell({ told: "failed", content, code }),
  );
  tell({ told: "queued", content });
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.do === "start") start(command);
  else if (command.do === "send") send(command);
  else if (command.do === "watch") look(command);
  else if (command.do === "appear") appear(command);
  else if (command.do === "token") {
    if (waiting.length > 0) waiting.shift()(command.token);
    else tokens.push(command.token);
  } else if (command.do === "end") break;
}
client?.close();
process.exit(0);
