"""The C++ core. Private: use the functions and classes of tlg."""

__version__: str
