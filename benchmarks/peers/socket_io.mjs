// Rooms with Socket.IO, as its documentation has them.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, process.env.RECOVERY ? { connectionStateRecovery: {} } : {});

io.on("connection", (socket) => {
    socket.on("join", (room) => {
        socket.join(room);
        socket.emit("joined", room);
    });
    socket.on("say", (data) => io.to(data.room).emit("said", data));
});

http.listen(Number(process.env.PORT), "127.0.0.1");
