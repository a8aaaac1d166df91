"""The same ASGI application under other servers than hubbub's own."""
