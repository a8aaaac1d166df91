// Rooms with ws alone: a set of sockets each, and the loop of its documentation's broadcast example.
import WebSocket, { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.env.PORT) });

server.on("connection", (socket, request) => {
    const name = request.url.slice(1);
    let room = rooms.get(name);
    if (!room) rooms.set(name, (room = new Set()));
    room.add(socket);
    socket.on("error", console.error);
    socket.on("close", () => {
        room.delete(socket);
        if (!room.size) rooms.delete(name);
    });
    socket.on("message", (data) => {
        const { body } = JSON.parse(data);
        const said = JSON.stringify({ type: "said", room: name, body });
        for (const client of room) {
            if (client.readyState === WebSocket.OPEN) client.send(said);
        }
    });
});
