"""``python -m tlg`` is the command ``tlg``."""

from tlg.cli import main

if __name__ == "__main__":
    main()
