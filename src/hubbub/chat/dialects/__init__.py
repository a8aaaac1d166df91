"""Formats that existing chat front ends speak, each a dialect of the same session. Pure functions."""
