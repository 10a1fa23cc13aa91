"""What the code server, or `workspace.yaml`, loads; every decision is in `build.py` and `settings.py`."""

from orchestration.build import build_definitions
from orchestration.logs import log_to_home
from orchestration.processes import follow_leader
from orchestration.settings import Settings

# A run of the web interface has a process of its own, which ends with it.
follow_leader()
settings = Settings()
settings.prepare_home()
log_to_home(settings)
defs = build_definitions(settings)
