"""The wire formats of existing front ends, spoken by a plain client to a real server."""
