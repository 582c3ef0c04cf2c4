#!/usr/bin/env python
"""``sharegpt-argilla export-responses`` as a script; ``--help`` lists the options."""

import sys

from sharegpt_argilla.cli import main

if __name__ == "__main__":
    sys.exit(main(["export-responses", *sys.argv[1:]]))
