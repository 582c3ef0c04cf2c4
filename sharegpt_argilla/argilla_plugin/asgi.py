"""The application for uvicorn on a full stack: ``uvicorn sharegpt_argilla.argilla_plugin:app``.

Importing this module patches argilla-server, so only whoever serves it imports it.
"""

from __future__ import annotations

import os

from argilla_server.settings import settings

from sharegpt_argilla.argilla_plugin.changed_server import changed_server
from sharegpt_argilla.argilla_plugin.shared_counters import RedisCounters
from sharegpt_argilla.argilla_plugin.table import patch_server
from sharegpt_argilla.common.host_names import HostNames

patch_server(os.environ)

# Which names lead to a container is for its proxy to say, unless the variable lists some.
app = changed_server(
    os.environ,
    HostNames.of(os.environ, behind_proxy=True),
    RedisCounters(settings.redis_url, cluster=settings.redis_use_cluster),
)
