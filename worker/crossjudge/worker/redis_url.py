"""Redis URLs in messages: whoever reads a log or an error must not find a password in it."""


def is_secret(url: str) -> bool:
    """Whether a Redis URL may hold a password."""
    return "@" in url or "password=" in url


def what_is_wrong(url: str, error: Exception) -> str:
    """What to say of a URL that cannot be read. A library may quote the very piece that is a password."""
    if is_secret(url):
        return (
            "expected redis://, rediss:// or unix://, then USER:PASSWORD@HOST:PORT/DB; "
            "a password with other characters than letters and digits has to be percent-encoded"
        )
    return f"{url!r}: {error}"
