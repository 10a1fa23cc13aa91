"""What `workspace.yaml` loads; every decision is in `build.py` and `settings.py`."""

from orchestration.build import build_definitions
from orchestration.settings import Settings

settings = Settings()
settings.prepare_home()
defs = build_definitions(settings)
