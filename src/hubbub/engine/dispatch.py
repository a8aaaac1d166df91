"""Carrying out one command: find it, decode its data, run its handler, reply (rules ENV-2 and ENV-3)."""

import logging
import uuid
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

import msgspec

from hubbub.engine import tracing
from hubbub.engine.context import NO_REPLY, Context
from hubbub.engine.counters import counters
from hubbub.engine.logs import about, quiet_logger
from hubbub.protocol.errors import BadData, BadFrame, Forbidden, HubbubError, Internal
from hubbub.protocol.frames import Inbound
from hubbub.protocol.registry import CommandType, registry

if TYPE_CHECKING:
    from hubbub.engine.session import Session

logger = logging.getLogger("hubbub.session")
suspicious = quiet_logger("hubbub.suspicious")


async def run_command(session: "Session", inbound: Inbound) -> None:
    """Carry out one command and reply. Never raises."""
    outcome, span = "", None if tracing.tracer is None else begin_span(tracing.tracer, session, inbound)
    try:
        ok = begin(session, inbound)
        if isawaitable(ok):
            ok = await ok
        if ok is not NO_REPLY:
            session.put(session.dialect.reply(inbound, ok))
    except Exception as error:
        outcome = answer(session, inbound, error)
    finally:
        if span is not None:
            span.end(outcome)


def run_at_once(session: "Session", inbound: Inbound) -> None:
    """Carry out a command whose handler does not wait, and reply. Never raises."""
    outcome, span = "", None if tracing.tracer is None else begin_span(tracing.tracer, session, inbound)
    try:
        ok = begin(session, inbound)
        if ok is not NO_REPLY:
            session.put(session.dialect.reply(inbound, ok))
    except Exception as error:
        outcome = answer(session, inbound, error)
    finally:
        if span is not None:
            span.end(outcome)


def begin_span(tracer: tracing.Tracer, session: "Session", inbound: Inbound) -> tracing.Span:
    """The command's own."""
    name, kind = tracing.command_name(inbound.type), tracing.topic_kind(inbound.topic)
    return tracer.begin(f"command {name}", current=True, command=name, topic_kind=kind, session=session.id)


def begin(session: "Session", inbound: Inbound) -> Any:
    """Call the command's handler. Returns its reply, or what to await for it."""
    command = registry.command_type(inbound.type)
    data = decode_data(command, inbound)
    assert command.handler is not None
    return command.handler(Context(session, command, inbound), data)


def answer(session: "Session", inbound: Inbound, error: Exception) -> str:
    """Reply with what a command failed with; called where it is caught. Returns the error's code."""
    if not isinstance(error, HubbubError):
        answer_failure(session, inbound)
        return Internal.code
    counters.errors[error.code] += 1
    if isinstance(error, Forbidden):
        suspicious.info(
            "session %s of %r: %s refused", session.id, session.actor.username, inbound.type, extra=about(session)
        )
    session.put(session.dialect.error(inbound, error))
    return error.code


def answer_failure(session: "Session", inbound: Inbound | None) -> None:
    """Answer an unexpected exception, with an id that also stands in the log (rule ERR-2)."""
    id = uuid.uuid4().hex[:12]
    counters.errors[Internal.code] += 1
    logger.exception("error %s in %r of session %s", id, inbound and inbound.type, session.id, extra=about(session))
    error = Internal(f"Something went wrong here. It has been logged as {id}.")
    session.put(session.dialect.error(inbound, error))


def decode_data(command: CommandType, inbound: Inbound) -> Any:
    """The command's data as its struct. Raises BadData, BadFrame."""
    if command.topic == "required" and inbound.topic is None:
        raise BadFrame(f'"{command.name}" needs a "topic".')
    try:
        return msgspec.json.decode(inbound.data, type=command.data)
    except (msgspec.ValidationError, UnicodeError) as error:
        raise BadData(f'The data of "{command.name}" does not fit: {error}') from None
