"""Redis URLs in messages: whoever reads a log or an error must not find a password in it."""


def without_password(url: str) -> str:
    """A Redis URL as it may stand in a message: no user, no password, and no options, which may hold one too."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    address, _, options = rest.partition("?")
    if "@" in options and "@" not in address:  # a password with a bare "?" in it, cut in two
        address = "…"
    return f"{scheme}{separator}{address.rpartition('@')[2]}"


def is_secret(url: str) -> bool:
    """Whether a Redis URL may hold a password."""
    return "@" in url or "password=" in url


def what_is_wrong(url: str, error: Exception) -> str:
    """What to say of a URL that cannot be read. A library may quote the very piece that is a password."""
    if not is_secret(url):
        return f"{url!r}: {error}"
    return (
        f"{without_password(url)!r}: expected redis://, rediss:// or unix://, then USER:PASSWORD@HOST:PORT/DB; "
        "a password with other characters than letters and digits has to be percent-encoded"
    )
