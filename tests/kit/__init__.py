"""The test kit itself, tested through what it stands on: the real engine, real databases, real sockets."""
