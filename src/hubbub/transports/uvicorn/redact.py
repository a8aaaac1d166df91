"""Keep secrets and control characters out of the server's log.

uvicorn writes request paths with their query strings through ``uvicorn.access`` and, when
a WebSocket is accepted, through ``uvicorn.error``, whatever the access log's setting.
Browsers can't set headers on a WebSocket, so tickets do travel in the query string.
:func:`install` puts a filter on the loggers themselves: it works under any logging
configuration, and before any handler sees the record.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Final
from urllib.parse import unquote_plus

from hubbub.engine.logs import AboutSession

from .json_logs import JsonFormatter

HIDDEN: Final = "[redacted]"

_SECRET_NAME: Final = re.compile(
    r"(?:^|[._\-\[])(?:token|ticket|secret|pass(?:word|wd)?|jwt|signature|session_?id|sid|"
    r"(?:api)?_?key|auth|authorization|csrfmiddlewaretoken|bearer)\]?$",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(r"([\w%.~\[\]+-]+)=([^&\s\"'<>#;]*)")
_JWT: Final = re.compile(r"\beyJ[\w-]{8,}\.[\w-]*\.?[\w-]*")
_BEARER: Final = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)

# C0 and C1 controls, line and paragraph separators, bidi controls (they reorder what a
# terminal shows) and lone surrogates (they make the stream's encoder raise).
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL_BUT_NEWLINE: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

_CLEANED: Final = "hubbub_cleaned"

LOGGERS: Final = ("uvicorn.error", "uvicorn.access", "uvicorn.asgi")
"""Names of the loggers that :func:`install` guards."""


def escape_controls(text: str) -> str:
    r"""Write control characters as ``\xNN`` or ``\uNNNN``, so that text stays on one line."""
    return _CONTROL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def redact(text: str) -> str:
    """Hide the values of ``token=...``, ``ticket=...`` and the like, JWTs and bearer tokens.

    Names are compared after percent-decoding, since ``%74oken=`` reaches the application
    as ``token=``; a value that carries such a pair in encoded form is hidden whole.
    """
    if "=" in text:
        text = _PAIR.sub(_hidden_pair, text)
    return _BEARER.sub(rf"\1 {HIDDEN}", _JWT.sub(HIDDEN, text))


def _hidden_pair(match: re.Match[str]) -> str:
    name, value = match[1], match[2]
    if not value:
        return match[0]
    nested = unquote_plus(value) if "%" in value else ""
    if _SECRET_NAME.search(unquote_plus(name)) or ("=" in nested and redact(nested) != nested):
        return f"{name}={HIDDEN}"
    return match[0]


def redact_query(path: str) -> str:
    """Replace the whole query string of a request path, secret or not."""
    head, mark, _ = path.partition("?")
    return f"{head}?{HIDDEN}" if mark else head


def _clean(text: str) -> str:
    return escape_controls(redact(text))


class RedactFilter(logging.Filter):
    """Rewrite each record in place: secrets hidden, control characters escaped.

    Records of uvicorn's access log keep their five arguments, because its formatter takes
    them apart; all other records are rendered here. A WebSocket's path loses its whole
    query string. Tracebacks are kept, each line indented, so that text of a client's
    inside an exception can't pose as a log line. Never drops a record, never raises.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean one record, once though a logger and a handler have this filter; always true."""
        if getattr(record, _CLEANED, False):
            return True
        try:
            self._clean_record(record)
            setattr(record, _CLEANED, True)
        except Exception:
            # Text that can't be rendered can't be vouched for either.
            record.msg, record.args = "log record could not be rendered", None
        return True

    def _clean_record(self, record: logging.LogRecord) -> None:
        args: Any = record.args
        if record.name == "uvicorn.access" and isinstance(args, tuple) and len(args) == 5:
            record.args = tuple(_clean(a) if isinstance(a, str) else a for a in args)
        else:
            if isinstance(args, tuple) and "WebSocket" in str(record.msg):
                record.args = tuple(redact_query(a) if isinstance(a, str) and a.startswith("/") else a for a in args)
            record.msg = _clean(record.getMessage().rstrip("\n"))
            record.args = None
            # uvicorn's coloured variant of the message would need the arguments.
            record.__dict__.pop("color_message", None)
        if record.exc_info and not record.exc_text:
            trace = logging.Formatter().formatException(record.exc_info)
            lines = redact(_CONTROL_BUT_NEWLINE.sub(_escaped, trace)).split("\n")
            record.exc_text = "\n".join(f"    {line}" for line in lines)


def install() -> None:
    """Guard uvicorn's loggers. Idempotent; a later ``dictConfig`` leaves it in place.

    uvicorn's own loggers only: a filter on a logger doesn't see the records of its
    children, so other loggers are cleaned by the filter on the handlers, see
    :func:`log_config`.
    """
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, RedactFilter) for known in logger.filters):
            logger.addFilter(RedactFilter())


def log_config(level: str = "INFO", format: str = "text") -> dict[str, Any]:
    """A ``logging.config.dictConfig`` dictionary for a server that runs by itself.

    Errors and notices go to standard error, the access log to standard output, both
    through :class:`RedactFilter`. A line about a session says which one.

    Args:
        level: least level of uvicorn's and hubbub's loggers.
        format: ``text`` for people, ``json`` for programs.

    Raises:
        ValueError: another format.
    """
    if format not in ("text", "json"):
        raise ValueError(f"HUBBUB_LOG_FORMAT is {format!r}. Write 'text' or 'json'.")
    stream = {"class": "logging.StreamHandler", "filters": ["redact", "session"]}
    names = {name: "json" if format == "json" else name for name in ("default", "access")}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"redact": {"()": RedactFilter}, "session": {"()": AboutSession}},
        "formatters": {
            "json": {"()": JsonFormatter},
            "default": {
                "()": "uvicorn.logging.DefaultFormatter",
                "fmt": "%(asctime)s %(levelprefix)s %(message)s%(about)s",
                "use_colors": None,
            },
            "access": {
                "()": "uvicorn.logging.AccessFormatter",
                "fmt": '%(asctime)s %(levelprefix)s %(client_addr)s - "%(request_line)s" %(status_code)s',
            },
        },
        "handlers": {
            "default": {**stream, "formatter": names["default"], "stream": "ext://sys.stderr"},
            "access": {**stream, "formatter": names["access"], "stream": "ext://sys.stdout"},
        },
        "root": {"handlers": ["default"], "level": "WARNING"},
        "loggers": {
            "uvicorn": {"handlers": ["default"], "level": level, "propagate": False},
            "uvicorn.error": {"level": level},
            "uvicorn.access": {"handlers": ["access"], "level": level, "propagate": False},
            "hubbub": {"handlers": ["default"], "level": level, "propagate": False},
        },
    }
