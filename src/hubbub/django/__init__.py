"""The composition root: hubbub as a Django app, and the server's own settings and command."""
