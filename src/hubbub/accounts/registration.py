"""New users: what is asked of them, whoever makes them (rule ACC-1)."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import FieldDoesNotExist, ValidationError

from hubbub.accounts import policy, queries
from hubbub.django.auth import email_field

NAME_REFUSED = "This name is not available."
"""For a name that is taken or reserved, or is too like another: the answer says no more."""


def new_user(username: str, password: str, *, weak: bool = False, **fields: Any) -> Any:
    """A user, not saved yet, of whatever model. Hashes the password, so not for the writer's thread.

    ``fields`` that the model lacks are left out. With ``weak`` any password will do. Raises Django's
    ValidationError with the faults of each field.
    """
    model: Any = get_user_model()
    if (email := email_field()) and "email" in fields:
        fields[email] = BaseUserManager.normalize_email(fields["email"])
    user = model(
        **{
            **{name: value for name, value in fields.items() if _has_field(model, name)},
            model.USERNAME_FIELD: model.normalize_username(username),
        }
    )
    faults = _field_faults(user, fields)
    if fault := _name_faults(user):
        faults["username"] = fault
    if not weak:
        try:
            validate_password(password, user)
        except ValidationError as error:
            faults["password"] = error.messages
    if faults:
        raise ValidationError(faults)
    user.set_password(password)
    return user


def set_names(user: Any, **names: str) -> list[str]:
    """Put first and last name into a user, not saved yet, as far as its model has them. Returns which it has.

    Raises Django's ValidationError with the faults of each field.
    """
    fields = {name: value for name, value in names.items() if _has_field(user, name)}
    for name, value in fields.items():
        setattr(user, name, value)
    if faults := _field_faults(user, fields):
        raise ValidationError({name: fault for name, fault in faults.items() if name in fields})
    return list(fields)


def _field_faults(user: Any, fields: dict[str, Any]) -> dict[str, list[str]]:
    """What the model has against what was given, and what nobody may be called."""
    faults: dict[str, list[str]] = {}
    try:
        user.clean_fields({field.name for field in user._meta.fields} - {user.USERNAME_FIELD, *fields})
    except ValidationError as error:
        faults = error.message_dict
        if user.USERNAME_FIELD in faults:
            faults["username"] = faults.pop(user.USERNAME_FIELD)
    for name in ("first_name", "last_name"):
        if bad := policy.bad_characters(str(fields.get(name, "")), joiners=True):
            faults[name] = [_invisible(bad)]
    return faults


def _name_faults(user: Any) -> list[str]:
    name = user.get_username()
    if bad := policy.bad_characters(name):
        return [_invisible(bad)]
    if policy.reserved(name) or queries.name_taken(name):
        return [NAME_REFUSED]
    return []


def _invisible(bad: str) -> str:
    codes = ", ".join(f"U+{ord(letter):04X}" for letter in dict.fromkeys(bad))
    return f"Line breaks, control characters and marks that turn or hide text are not allowed ({codes})."


def _has_field(model: Any, name: str) -> bool:
    try:
        return bool(model._meta.get_field(name).concrete)
    except FieldDoesNotExist:
        return False
