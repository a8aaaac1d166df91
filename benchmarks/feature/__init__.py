"""What the benchmark needs of a server: an ephemeral command that says something to a room, as the peers' broadcast."""
