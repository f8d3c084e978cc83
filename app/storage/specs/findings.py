"""What one look at a mount has found."""

from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import ErrorClass


class Health(StrEnum):
    """How it is with one thing that a mount needs."""

    OK = "ok"
    PROBLEM = "problem"
    WARNING = "warning"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One look: what was looked at, how it is, and what can be done."""

    check: str
    health: Health
    detail: str
    code: str | None = None
    remedy: str | None = None
    error_class: ErrorClass = ErrorClass.CONFIGURATION


def ok(check: str, detail: str) -> Finding:
    """It is as it should be."""
    return Finding(check, Health.OK, detail)


def problem(
    check: str, code: str, detail: str, remedy: str, error_class: ErrorClass = ErrorClass.CONFIGURATION
) -> Finding:
    """It keeps a pod from mounting."""
    return Finding(check, Health.PROBLEM, detail, code, remedy, error_class)


def warning(check: str, code: str, detail: str, remedy: str | None = None) -> Finding:
    """It works, and is probably not what was meant."""
    return Finding(check, Health.WARNING, detail, code, remedy)


def unknown(check: str, detail: str, remedy: str | None = None) -> Finding:
    """It cannot be seen from here."""
    return Finding(check, Health.UNKNOWN, detail, remedy=remedy)


def not_applicable(check: str, detail: str) -> Finding:
    """This kind of mount does not need it."""
    return Finding(check, Health.NOT_APPLICABLE, detail)
