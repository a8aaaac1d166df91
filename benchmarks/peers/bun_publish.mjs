// Rooms with Bun's own publish and subscribe.
const server = Bun.serve({
    hostname: "127.0.0.1",
    port: Number(process.env.PORT),
    fetch(request, server) {
        const room = new URL(request.url).pathname.slice(1);
        if (server.upgrade(request, { data: { room } })) return undefined;
        return new Response("a WebSocket is expected", { status: 426 });
    },
    websocket: {
        open(socket) {
            socket.subscribe(socket.data.room);
        },
        message(socket, text) {
            const { room } = socket.data;
            const { body } = JSON.parse(text);
            server.publish(room, JSON.stringify({ type: "said", room, body }));
        },
    },
});
