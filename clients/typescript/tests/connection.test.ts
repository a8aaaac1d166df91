import { beforeEach, describe, expect, test, vi } from "vitest";
import { Client, type Status } from "../src/index.js";
import { FakeWorld, online, pass } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-01T00:00:00Z") });
});

function statuses(client: Client): Status[] {
  const seen: Status[] = [];
  client.on("status", (status) => seen.push(status));
  return seen;
}

test("a client is online once the server is ready (ENV-6)", async () => {
  const world = new FakeWorld();
  const client = new Client({ url: "ws://test/ws/", environment: world });
  expect(client.status).toBe("closed");
  client.connect();
  expect(client.status).toBe("connecting");
  world.current.ready();
  expect(client.status).toBe("online");
  expect(client.user?.username).toBe("ada");
});

describe("close codes (CLO-1)", () => {
  test.each([
    [1000, "closed"],
    [1009, "closed"],
    [4003, "not_allowed"],
    [4001, "signed_out"],
  ])("%i: the client stays away, %s", async (code, status) => {
    const { client, world, socket } = await online();
    socket.end(code);
    await pass(3_600_000);
    expect(client.status).toBe(status);
    expect(world.sockets).toHaveLength(1);
  });

  test.each([1001, 1006, 1012, 1013, 4008, 4010, 4029, 4777])("%i: the client comes back", async (code) => {
    const { client, world, socket } = await online();
    socket.end(code);
    expect(client.status).toBe(code === 1012 ? "restarting" : "connecting");
    await world.reconnected();
    expect(client.status).toBe("online");
  });

  test("it stays away until it is told to connect again", async () => {
    const { client, world, socket } = await online();
    socket.end(4003);
    client.connect();
    world.current.ready();
    expect(client.status).toBe("online");
  });
});

describe("waiting between attempts", () => {
  test("an attempt of which only an error is told has failed at once, not after the time it may take", async () => {
    const { client, world, socket } = await online();
    socket.end(1006);
    await world.attempted();
    world.current.refuse();
    expect(client.status).toBe("offline");
    await world.reconnected();
    expect(world.sockets).toHaveLength(3);
  });

  test("an error of an open socket is left to its close", async () => {
    const { client, socket } = await online();
    socket.refuse();
    expect(client.status).toBe("online");
    socket.end(4003);
    expect(client.status).toBe("not_allowed");
  });

  test.each([0, 0.999])("full jitter: anything from 0 to the bound, with dice at %d", async (dice) => {
    const { world, socket } = await online();
    world.dice = dice;
    socket.end(1006);
    for (const bound of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = world.sockets.length;
      if (dice > 0) {
        await pass(bound * 0.99);
        expect(world.sockets).toHaveLength(before);
      }
      await pass(bound * 0.01 + 1);
      expect(world.sockets).toHaveLength(before + 1);
      world.current.end(1006);
    }
  });

  test("a connection that ended at once doesn't shorten the next wait, one that lasted does", async () => {
    const { world, socket } = await online();
    world.dice = 0.999;
    socket.end(1006);
    (await world.reconnected()).end(1001);
    await pass(900);
    expect(world.sockets).toHaveLength(2);
    await pass(200);
    world.current.ready();
    await pass(10_000);
    world.current.end(1006);
    await pass(500);
    expect(world.sockets).toHaveLength(4);
  });

  test("an attempt that doesn't get ready is given up", async () => {
    const world = new FakeWorld();
    const client = new Client({ url: "ws://test/ws/", environment: world });
    client.connect();
    await pass(10_000);
    expect(world.sockets[0]?.closed).toBe(true);
    expect(client.status).toBe("offline");
    await world.reconnected();
    expect(client.status).toBe("online");
  });

  test("the browser's word that the network is back ends the wait, its loss ends the connection", async () => {
    const { client, world, socket } = await online();
    world.network.dispatchEvent(new Event("offline"));
    expect(socket.closed).toBe(true);
    expect(client.status).toBe("offline");
    world.network.dispatchEvent(new Event("online"));
    expect(world.sockets).toHaveLength(2);
    client.close();
    world.network.dispatchEvent(new Event("online"));
    expect(world.sockets).toHaveLength(2);
  });

  test.each([1013, 4008, 4029])("%i: a server that has too much to do is left alone for longer (LIM-2)", async (code) => {
    const { world, socket } = await online();
    await pass(20_000);
    world.dice = 0.999;
    socket.end(code);
    await pass(7900);
    expect(world.sockets).toHaveLength(1);
    await pass(100);
    expect(world.sockets).toHaveLength(2);
  });

  test("a restart stays one while attempts fail, but not for ever", async () => {
    const { client, world, socket } = await online();
    const seen = statuses(client);
    socket.end(1012);
    for (let attempt = 0; attempt < 8; attempt++) {
      await world.attempted();
      expect(seen).toEqual(attempt < 6 ? ["restarting"] : ["restarting", "offline"]);
      world.current.end(1006);
    }
  });
});

describe("signs of life (HRT-1)", () => {
  test("a ping is answered", async () => {
    const { socket } = await online();
    socket.push({ type: "ping" });
    expect(socket.of("pong")).toEqual([{ type: "pong" }]);
  });

  test("after two heartbeats of silence the client reconnects", async () => {
    const { world, socket } = await online();
    await pass(30_000);
    socket.push({ type: "ping" });
    await pass(59_900);
    expect(socket.closed).toBe(false);
    await pass(200);
    expect(socket.closed).toBe(true);
    await world.reconnected();
  });

  test("a clock that is set back makes no dead socket live longer", async () => {
    const { socket } = await online();
    vi.setSystemTime("2025-12-31T22:00:00Z");
    await pass(60_100);
    expect(socket.closed).toBe(true);
  });

  test("a clock that is set forward costs one reconnect, no more", async () => {
    const { client, world, socket } = await online();
    vi.setSystemTime("2026-01-01T02:00:00Z");
    await pass(60_100);
    expect(socket.closed).toBe(true);
    const next = await world.reconnected();
    const alive = setInterval(() => next.push({ type: "ping" }), 30_000);
    await pass(600_000);
    clearInterval(alive);
    expect(client.status).toBe("online");
    expect(world.sockets).toHaveLength(2);
  });

  test.each(["visibilitychange", "pageshow", "online"])("%s after a sleep: what was open is given up at once", async (name) => {
    const { world, socket } = await online();
    // The monotonic clock stood still meanwhile, and no timer ran.
    vi.setSystemTime("2026-01-01T08:00:00Z");
    world.network.dispatchEvent(new Event(name));
    expect(socket.closed).toBe(true);
    expect(world.sockets).toHaveLength(2);
  });

  test("looking at the page does nothing to a socket that lives, and ends a wait", async () => {
    const { world, socket } = await online();
    await pass(10_000);
    world.network.dispatchEvent(new Event("visibilitychange"));
    expect(socket.closed).toBe(false);
    socket.end(1006);
    world.network.dispatchEvent(new Event("visibilitychange"));
    expect(world.sockets).toHaveLength(2);
    world.network.dispatchEvent(new Event("visibilitychange"));
    expect(world.sockets).toHaveLength(2);
  });

  test("what still comes of a socket that was given up is ignored", async () => {
    const { client, world, socket } = await online();
    const { onmessage, onclose } = socket;
    await pass(60_000);
    await world.reconnected();
    onmessage?.({ data: JSON.stringify({ type: "ping" }) });
    onclose?.({ code: 4003 });
    expect(client.status).toBe("online");
  });

  test("what is no frame is ignored", async () => {
    const { client, socket } = await online();
    for (const data of ["{", "[]", "3", '{"type": 3}', new ArrayBuffer(2)]) socket.onmessage?.({ data });
    expect(client.status).toBe("online");
  });
});

describe("where there is no socket to be had", () => {
  test("connecting says what to do, and the client is closed", () => {
    vi.stubGlobal("WebSocket", undefined);
    const client = new Client({ url: "ws://test/ws/" });
    expect(() => client.connect()).toThrow("new Client({ WebSocket })");
    expect(client.status).toBe("closed");
    vi.unstubAllGlobals();
  });

  test("one's own constructor is used, and its errors end nothing", () => {
    const made: { url: string; onerror?: () => void }[] = [];
    class Own {
      constructor(readonly url: string) {
        made.push(this);
      }
      close() {}
    }
    const client = new Client({ url: "ws://test/ws/", WebSocket: Own });
    client.connect();
    client.close();
    expect(made.map(({ url }) => url)).toEqual(["ws://test/ws/"]);
    made[0]!.onerror!();
  });

  test("a client of a path can be made on a server, where it can't connect", () => {
    const client = new Client({ url: "/ws/", WebSocket: class {} });
    expect(() => client.connect()).toThrow("needs a host");
    expect(client.status).toBe("closed");
  });
});

describe("closing", () => {
  test("leaves neither timers nor listeners behind", async () => {
    const { client, world, socket } = await online();
    const command = client.command("chat.read", "chat.1", {});
    socket.push({ type: "ping" });
    const failed = expect(command).rejects.toMatchObject({ code: "disconnected" });
    client.close();
    await failed;
    expect(vi.getTimerCount()).toBe(0);
    for (const name of ["online", "offline", "visibilitychange"]) world.network.dispatchEvent(new Event(name));
    expect(world.sockets).toHaveLength(1);
    expect(client.status).toBe("closed");
  });
});
