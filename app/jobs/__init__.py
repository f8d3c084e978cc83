"""Jobs, as callers see them: start, follow, cancel, retry; and the events."""
