"""`python -m linter`: the same as `siftlint`."""

from linter.cli import command

if __name__ == "__main__":
    command()
