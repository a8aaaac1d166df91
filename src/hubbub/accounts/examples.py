"""An example of what the REST views of accounts answer, for the API's schema."""

from hubbub.accounts import openapi
from hubbub.protocol.registry import example

example(
    openapi.User(7, "ada", "Ada", "", "ada@example.org"),
    openapi.TokenPair(access="eyJhbGciOi…", refresh="eyJhbGciOi…"),
    openapi.NextTokens(access="eyJhbGciOi…", refresh="eyJhbGciOi…"),
    openapi.Ticket(ticket="AbkqYc3x…", expires_in=30.0),
)
