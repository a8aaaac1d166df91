"""What accounts know of how to reach people."""

from hubbub.accounts import queries
from hubbub.django.addresses import register_addresses

register_addresses(queries.verified_address)
