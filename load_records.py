#!/usr/bin/env python
"""``sharegpt-argilla load-records`` as a script; ``--help`` lists the options."""

import sys

from sharegpt_argilla.cli import main

if __name__ == "__main__":
    sys.exit(main(["load-records", *sys.argv[1:]]))
