"""What `slipway demo` tells: a first cluster, or the whole story from the provider to the deletion."""

from app.cli.story.story import STORIES, Told, tell
from app.cli.story.teller import StoryError, Teller

__all__ = ["STORIES", "StoryError", "Teller", "Told", "tell"]
