"""Who may do what: one table for REST, one for commands, one for sockets, and every cell of them is driven."""
