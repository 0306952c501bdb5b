"""What a user can get wrong."""


class UserError(ValueError):
    """A mistake of the user's: one or two lines that name the option or file and say what would be right.

    The command line prints the message without a traceback and exits with status 2.
    """
