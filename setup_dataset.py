#!/usr/bin/env python
"""``sharegpt-argilla setup-dataset`` as a script; ``--help`` lists the options."""

import sys

from sharegpt_argilla.cli import main

if __name__ == "__main__":
    sys.exit(main(["setup-dataset", *sys.argv[1:]]))
