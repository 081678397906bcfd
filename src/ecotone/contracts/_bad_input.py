"""The error for what a user gave."""


class BadInput(ValueError):
    """What the user gave cannot be used; the message names the argument or column, the value, and the remedy."""


BadInput.__module__ = "ecotone.contracts"
