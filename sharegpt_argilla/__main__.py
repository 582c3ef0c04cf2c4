"""``python -m sharegpt_argilla COMMAND`` is ``sharegpt-argilla COMMAND``."""

import sys

from sharegpt_argilla.cli import main

if __name__ == "__main__":
    sys.exit(main())
