"""``python -m hub.cli``: the command line without the installed script."""

from __future__ import annotations

import sys

from hub.cli.main import main

sys.exit(main())
