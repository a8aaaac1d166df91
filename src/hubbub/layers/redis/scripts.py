"""What happens on the server in one step. Each script uses one key, so a Redis Cluster runs it too.

What waits in a list carries until when, by the server's clock alone: ``<milliseconds> <payload>``.
"""

import hashlib


class Script:
    """A Lua script, and the name by which a server knows it that has run it before."""

    __slots__ = ("sha", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# Appends ARGV[1] to the list KEYS[1], for ARGV[2] milliseconds, unless ARGV[3] items wait there.
_STORE = (
    _NOW
    + """
while true do
  local first = redis.call('LINDEX', KEYS[1], 0)
  if not first or tonumber(string.match(first, '^%d+')) > now then break end
  redis.call('LPOP', KEYS[1])
end
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('RPUSH', KEYS[1], string.format('%.0f ', now + ARGV[2]) .. ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
)

# Puts an item back where it came from: ARGV[1] with its time, for ARGV[2] milliseconds at most.
_RETURN = """
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', KEYS[1], '')
return 1
"""

# Up to ARGV[1] items that are still good.
_TAKE = (
    _NOW
    + """
local found = {}
while #found < tonumber(ARGV[1]) do
  local item = redis.call('LPOP', KEYS[1])
  if not item then break end
  if tonumber(string.match(item, '^%d+')) > now then found[#found + 1] = item end
end
return found
"""
)

# To whoever listens to KEYS[1]; where nobody does, it waits there.
_DELIVER = "if redis.call('PUBLISH', KEYS[1], ARGV[1]) > 0 then return 1 end" + _STORE + "return 1"

# Into the queue that those who listen to KEYS[1] share.
_QUEUE = _STORE + "redis.call('PUBLISH', KEYS[1], '')\nreturn 1"

# To the processes with members of the group KEYS[1]; gives the members that none of them knows.
_SEND_TO_GROUP = (
    """
redis.call('PUBLISH', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
"""
    + _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""
)

# Makes ARGV[1] a member of the group KEYS[1] for ARGV[2] milliseconds.
_JOIN = (
    _NOW
    + """
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
"""
)

# Ends the membership of ARGV[1] in the group KEYS[1].
_PART = "return redis.call('ZREM', KEYS[1], ARGV[1])"


class Scripts:
    """The scripts with the verb that publishes: ``PUBLISH``, or ``SPUBLISH`` in a Redis Cluster."""

    def __init__(self, publish: str) -> None:
        def made(source: str) -> Script:
            return Script(source.replace("'PUBLISH'", f"'{publish}'"))

        self.deliver = made(_DELIVER)
        self.queue = made(_QUEUE)
        self.take = made(_TAKE)
        self.give_back = made(_RETURN)
        self.send_to_group = made(_SEND_TO_GROUP)
        self.join = made(_JOIN)
        self.part = made(_PART)
