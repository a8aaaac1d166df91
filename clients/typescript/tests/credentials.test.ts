import { beforeEach, describe, expect, test, vi } from "vitest";
import { Client, HubbubError } from "../src/index.js";
import { FakeWorld, online, pass, settle } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-01T00:00:00Z") });
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

  test("after closing it is asked for anew: somebody else may have signed in", async () => {
    let user = "ada";
    const { client, world } = await online({ token: async () => user });
    client.close();
    user = "bob";
    client.connect();
    await settle();
    expect(world.current.url).toContain("token=bob");
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
    ["a permanent refusal", () => Promise.reject(new HubbubError({ code: "x", message: "", temporary: false }))],
  ])("a token function that gives %s signs the client out", async (_, token) => {
    const world = new FakeWorld();
    const client = new Client({ url: "ws://test/ws/", environment: world, token });
    client.connect();
    await settle();
    expect(client.status).toBe("signed_out");
    expect(world.sockets).toHaveLength(0);
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

  test.each([
    ["the network is away", new TypeError("fetch")],
    ["the server restarts", new Error("HTTP 503")],
  ])("a token that can't be got because %s signs nobody out, and is asked for again", async (_, failure) => {
    const token = vi.fn<() => Promise<string>>().mockRejectedValueOnce(failure).mockResolvedValue("t");
    const world = new FakeWorld();
    const client = new Client({ url: "ws://test/ws/", environment: world, token });
    const errors: HubbubError[] = [];
    client.on("error", (error) => errors.push(error));
    client.connect();
    await settle();
    expect(client.status).toBe("offline");
    expect(errors).toMatchObject([{ code: "no_token", cause: failure }]);
    await world.reconnected();
    expect(client.status).toBe("online");
    expect(errors).toHaveLength(1);
  });

  test("a token function that never answers is not waited for", async () => {
    const token = vi.fn<() => Promise<string>>().mockReturnValueOnce(new Promise(() => {})).mockResolvedValue("t");
    const world = new FakeWorld();
    const client = new Client({ url: "ws://test/ws/", environment: world, token });
    client.connect();
    await pass(10_000);
    expect(client.status).toBe("offline");
    await world.reconnected();
    expect(client.status).toBe("online");
  });

  test("sessions that end 4001 as soon as they are ready come less and less often", async () => {
    const { client, world, socket } = await online({ token: async () => "t" });
    world.dice = 0.999;
    socket.end(4001);
    const started = Date.now();
    for (let round = 0; round < 8; round++) {
      await world.attempted();
      world.current.ready();
      world.current.end(4001);
    }
    expect(client.status).not.toBe("signed_out");
    expect(Date.now() - started).toBeGreaterThan(60_000);
  });
});

describe("tickets (AUT-5)", () => {
  test("each connection gets one of its own", async () => {
    let count = 0;
    const { world, socket } = await online({ ticket: async () => `t${++count}` });
    expect(socket.url).toBe("ws://test/ws/?ticket=t1");
    socket.end(1006);
    expect((await world.reconnected()).url).toBe("ws://test/ws/?ticket=t2");
  });

  test("a ticket that is refused is followed by another, not for ever", async () => {
    const { client, world, socket } = await online({ ticket: async () => "t" });
    socket.end(4001);
    while (client.status !== "signed_out") {
      await world.attempted();
      world.current.end(4001);
    }
    expect(world.sockets).toHaveLength(4);
  });

  test("a token and a ticket are one too many", () => {
    const both = { url: "ws://test/", token: "t", ticket: async () => "t" };
    expect(() => new Client(both)).toThrow("not both");
  });
});
