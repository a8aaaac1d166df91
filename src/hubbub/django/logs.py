"""Log lines that stay lines, whatever a user's name holds."""

import logging

_ESCAPED = {code: f"\\x{code:02x}" for code in [*range(32), 127, *range(0x80, 0xA0)] if code != 10}


class OneLineFormatter(logging.Formatter):
    """Time, level, logger, message; control characters escaped, so that nobody forges a line or a colour.

    A traceback keeps its own lines.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).replace("\n", "\\n").translate(_ESCAPED)
