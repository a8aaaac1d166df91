"""Topic names (rule TOP-1 of ``docs/SPEC.md``)."""

import re

from hubbub.protocol.errors import Absent, BadFrame

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,90}")


def check_topic(topic: str) -> str:
    """Return ``topic`` if it is a legal topic, a legal Channels group name as it stands.

    Raises BadFrame if it is not 1 to 90 letters, digits, ``.``, ``-`` or ``_``.
    """
    if not is_topic(topic):
        raise BadFrame("A topic is 1 to 90 letters, digits, '.', '-' or '_'.")
    return topic


def is_topic(text: str) -> bool:
    """Whether it could be a topic's name."""
    return _TOPIC.fullmatch(text) is not None


def kind_of(topic: str) -> str:
    """The part of a topic before its first dot: ``chat`` of ``chat.42``. Topics of a kind share a policy."""
    return topic.partition(".")[0]


def key_of(topic: str) -> str:
    """The part of a topic after its first dot: ``42`` of ``chat.42``."""
    return topic.partition(".")[2]


def id_of(topic: str, kind: str) -> int:
    """The number in a topic of that kind: 42 of ``chat.42``. Raises Absent for any other topic.

    One spelling only: who follows ``chat.042`` would follow nothing.
    """
    found, _, key = topic.partition(".")
    if found != kind or not (key.isascii() and key.isdigit()) or len(key) > 18 or key != str(int(key)):
        raise Absent
    return int(key)
