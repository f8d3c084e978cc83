"""What is wrong with the one who calls."""

from app.core.errors import ErrorClass, SlipwayError


class CredentialsRequiredError(SlipwayError):
    """The request carries no key."""

    code = "credentials_required"
    status = 401
    title = "An API key is needed"
    error_class = ErrorClass.PERMISSION
    remedy = "Send the header `Authorization: Bearer slw_…`."


class InvalidCredentialsError(SlipwayError):
    """The key is malformed, unknown, revoked or expired."""

    code = "invalid_credentials"
    status = 401
    title = "The API key is not valid"
    error_class = ErrorClass.PERMISSION
    remedy = "Ask an admin of your project for a new key, and send it as `Authorization: Bearer slw_…`."
