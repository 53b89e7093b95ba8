#!/usr/bin/env python
"""The command line. `manage.py demo` brings its own environment; every other command reads the caller's."""

import os
import sys

from django.core.management import execute_from_command_line

from ocpdash import demo


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocpdash.settings")
    if sys.argv[1:2] == ["demo"]:
        # Before settings load, and over whatever the shell says: a demo never touches a real database or OCP.
        try:
            os.environ.update(demo.environment())
        except OSError as error:
            sys.exit(f"The demo cannot write to {demo.var_folder()}: {error.strerror}.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
