"""What staff see of a running server: its connections, topics and rates, and one person's frames for a while."""
