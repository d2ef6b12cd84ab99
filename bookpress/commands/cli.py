"""Command lines that answer a wrong option with one line."""

import argparse
import sys


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line: what, and where to read more."""

    def error(self, message: str) -> None:
        print(f"error: {message}; {self.prog} --help lists them", file=sys.stderr)
        sys.exit(2)
