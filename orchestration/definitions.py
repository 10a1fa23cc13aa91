"""What `workspace.yaml` loads; every decision is in `build.py` and `settings.py`."""

from orchestration.build import build_definitions
from orchestration.logs import log_to_home
from orchestration.settings import Settings

settings = Settings()
settings.prepare_home()
log_to_home(settings)
defs = build_definitions(settings)
