"""How hypothesis runs here: no deadlines, which are wall-clock assertions that fail on a busy machine."""

from hypothesis import settings

settings.register_profile("no deadlines", deadline=None)
settings.load_profile("no deadlines")
