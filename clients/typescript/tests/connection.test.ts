import { beforeEach, describe, expect, test, vi } from "vitest";
import { Client, HubbubError, type Status } from "../src/index.js";
import { FakeWorld, online, pass, settle } from "./fake.js";

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
    (await world.reconnected()).end(1013);
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

describe("tokens (AUT-1)", () => {
  function jwt(expires: string): string {
    return `e30.${btoa(JSON.stringify({ exp: Date.parse(expires) / 1000 }))}.x`;
  }

  test("the token is in the address, and kept for the next connection", async () => {
    const token = vi.fn(async () => "a+b");
    const { world, socket } = await online({ token });
    expect(socket.url).toBe("ws://test/ws/?token=a%2Bb");
    socket.end(1006);
    await world.reconnected();
    expect(token).toHaveBeenCalledTimes(1);
  });

  test("4001 asks for a fresh token, at once the first time", async () => {
    let count = 0;
    const { client, world, socket } = await online({ token: async () => `t${++count}` });
    socket.end(4001);
    await settle();
    expect(world.current.url).toContain("token=t2");
    world.current.ready();
    expect(client.status).toBe("online");
  });

  test("fresh tokens that are refused too sign the client out, not round and round", async () => {
    const { client, world, socket } = await online({ token: async () => "t" });
    socket.end(4001);
    while (client.status !== "signed_out") {
      await world.attempted();
      world.current.end(4001);
    }
    expect(world.sockets).toHaveLength(4);
  });

  test.each([
    ["null", async () => null],
    ["an error", () => Promise.reject(new Error("no"))],
    ["a permanent refusal", () => Promise.reject(new HubbubError({ code: "x", message: "", temporary: false }))],
  ])("a token function that gives %s signs the client out", async (_, token) => {
    const world = new FakeWorld();
    const client = new Client({ url: "ws://test/ws/", environment: world, token });
    client.connect();
    await settle();
    expect(client.status).toBe("signed_out");
    expect(world.sockets).toHaveLength(0);
  });

  test("a token that can't be got because the network is away signs nobody out", async () => {
    const token = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new TypeError("fetch")).mockResolvedValue("t");
    const world = new FakeWorld();
    const client = new Client({ url: "ws://test/ws/", environment: world, token });
    client.connect();
    await settle();
    expect(client.status).toBe("offline");
    await world.reconnected();
    expect(client.status).toBe("online");
  });

  test("a token is replaced in the session before it expires, again and again (AUT-3)", async () => {
    const token = vi
      .fn<() => Promise<string>>()
      .mockResolvedValueOnce(jwt("2026-01-01T00:05:00Z"))
      .mockResolvedValueOnce("second")
      .mockResolvedValue("third");
    const { socket } = await online({ token });
    const alive = setInterval(() => socket.push({ type: "ping" }), 20_000);
    await pass(239_000);
    expect(socket.of("auth.refresh")).toEqual([]);
    await pass(2_000);
    expect(socket.last("auth.refresh")["data"]).toEqual({ token: "second" });
    await socket.ok(socket.last("auth.refresh"), { expires_in: 300 });
    await pass(241_000);
    expect(socket.last("auth.refresh")["data"]).toEqual({ token: "third" });
    clearInterval(alive);
  });

  test("an expired token is replaced before connecting again", async () => {
    const token = vi
      .fn<() => Promise<string>>()
      .mockResolvedValueOnce(jwt("2026-01-01T00:00:01Z"))
      .mockResolvedValue("fresh");
    const { world, socket } = await online({ token });
    vi.setSystemTime("2026-01-01T00:00:02Z");
    socket.end(1006);
    expect((await world.reconnected()).url).toContain("token=fresh");
  });
});
