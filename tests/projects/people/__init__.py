"""People whose name is an e-mail address and whose key is a UUID."""
