"""Errors of HTTP itself."""

from app.core.errors import ErrorClass, SlipwayError


class InvalidBodyError(SlipwayError):
    """The body is no JSON that Slipway reads."""

    code = "invalid_json"
    status = 400
    title = "The body is not valid JSON"
    error_class = ErrorClass.REQUEST
    remedy = "Send one JSON document in UTF-8 (RFC 8259)."


class DuplicateKeyError(InvalidBodyError):
    """A JSON object names a key twice: readers would disagree on what was meant."""

    code = "duplicate_key"
    title = "The body names a key twice"


class NestingError(InvalidBodyError):
    """The body is nested deeper than any request needs."""

    code = "nesting_too_deep"
    title = "The body is nested too deeply"


class UnsupportedMediaTypeError(SlipwayError):
    """The body is not said to be JSON, or is compressed."""

    code = "unsupported_media_type"
    status = 415
    title = "The body's type is not accepted"
    error_class = ErrorClass.REQUEST
    remedy = "Send JSON, uncompressed, with `Content-Type: application/json`."


class NotAcceptableError(SlipwayError):
    """None of the media types in `Accept` can be given."""

    code = "not_acceptable"
    status = 406
    title = "No answer of the wanted type exists"
    error_class = ErrorClass.REQUEST


class BodyTooLargeError(SlipwayError):
    """The body is larger than the setting `http.max_body_bytes`."""

    code = "body_too_large"
    status = 413
    title = "The body is too large"
    error_class = ErrorClass.REQUEST


class BodyStalledError(SlipwayError):
    """The body stopped arriving."""

    code = "body_stalled"
    status = 408
    title = "The body stopped arriving"
    error_class = ErrorClass.REQUEST
    retryable = True


class OverloadedError(SlipwayError):
    """More requests are being served than the setting `http.max_concurrency` allows."""

    code = "overloaded"
    status = 503
    title = "Too many requests are being served"
    error_class = ErrorClass.TRANSIENT
    retryable = True


class NoSuchRouteError(SlipwayError):
    """The path leads nowhere."""

    code = "no_such_route"
    status = 404
    title = "There is nothing at this path"
    error_class = ErrorClass.REQUEST
    remedy = "See /openapi.json or /docs for what there is."


class MethodNotAllowedError(SlipwayError):
    """The path exists, but not with this method."""

    code = "method_not_allowed"
    status = 405
    title = "The path does not have this method"
    error_class = ErrorClass.REQUEST


class InvalidHeaderError(SlipwayError):
    """A header is not of its form."""

    code = "invalid_header"
    status = 400
    title = "A header is not valid"
    error_class = ErrorClass.REQUEST


class InvalidCursorError(SlipwayError):
    """The cursor was not given out by this list, with these filters."""

    code = "invalid_cursor"
    status = 400
    title = "The cursor is not valid here"
    error_class = ErrorClass.REQUEST
    remedy = "Take `next_cursor` from the page before, and keep the filters as they were; or begin without a cursor."


class PreconditionFailedError(SlipwayError):
    """`If-Match` names another version than the present one."""

    code = "precondition_failed"
    status = 412
    title = "The thing has changed"
    error_class = ErrorClass.CONFLICT
    remedy = "Read it again, look at what changed, and send the new ETag."


class KeyReusedError(SlipwayError):
    """The Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"
    status = 422
    title = "The Idempotency-Key belongs to another request"
    error_class = ErrorClass.REQUEST
    remedy = "Use a new key for a new request; repeat a request with exactly the same body, query and Accept header."


class StillRunningError(SlipwayError):
    """The first request with this Idempotency-Key has not ended."""

    code = "request_in_progress"
    status = 409
    title = "The first request with this Idempotency-Key still runs"
    error_class = ErrorClass.CONFLICT
    retryable = True
    remedy = "Repeat it after the seconds in Retry-After."


class ShownOnceError(SlipwayError):
    """The repeat asks for a document that is a secret, which was given out with the first answer."""

    code = "secret_shown_once"
    status = 409
    title = "The secret was in the first answer only"
    error_class = ErrorClass.CONFLICT
    remedy = "Ask again without the Idempotency-Key, or with a new one, for a new secret."
