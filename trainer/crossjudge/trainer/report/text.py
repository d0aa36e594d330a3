"""Text that a model or a file wrote, made fit to be shown. Knows nothing of markup."""


def clean(text: str) -> str:
    """Without what does not show, or shows other text than there is: control characters, overrides of direction,
    halves of pairs."""
    return "".join(c if c.isprintable() or c in "\n\t\N{NO-BREAK SPACE}" else "\N{REPLACEMENT CHARACTER}" for c in text)


def cut(text: str, most: int) -> str:
    """The beginning of a text, and how much is left out."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"


def percent(share: float) -> str:
    """A share in per cent, and never 0 where there is something."""
    if 0 < share < 0.005:
        return "<\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}%"
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"
