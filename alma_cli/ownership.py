"""Whose files are: a command trusts those of its user and of root, and under sudo those of who called sudo."""

import os


def is_trusted(path: str) -> bool:
    """True when a file, and what it points to if it is a link, belong to the caller or to root."""
    try:
        owners = {os.lstat(path).st_uid, os.stat(path).st_uid}
    except OSError:
        return False
    return owners <= _trusted()


def owner_of(path: str) -> str:
    """The name of a file's owner, or its number."""
    import pwd

    uid = os.stat(path).st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _trusted() -> set[int]:
    """The ids of the users that are trusted."""
    caller = os.geteuid()
    behind_sudo = os.environ.get("SUDO_UID", "") if caller == 0 else ""
    return {0, caller} | ({int(behind_sudo)} if behind_sudo.isascii() and behind_sudo.isdigit() else set())
