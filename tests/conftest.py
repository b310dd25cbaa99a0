"""One profile for every hypothesis test."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "default",
    deadline=None,  # machines differ, and nothing here is about time
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,  # a change is judged by the same examples each time; elsewhere they are new ones
)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=2000)
settings.register_profile(
    "mutants", parent=settings.get_profile("default"), phases=[Phase.explicit, Phase.generate], database=None
)
settings.register_profile("mutation", parent=settings.get_profile("mutants"), max_examples=25)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
