"""Chat: conversations, rooms, messages. An ordinary Django app that can be left out."""
