"""Whose files are: a command trusts those of its user and of root, and under sudo those of who called sudo.

What root makes in somebody's folder becomes his, so that he can go on.
"""

import os
from contextlib import suppress


def is_trusted(path: str) -> bool:
    """True when a file, and what it points to if it is a link, belong to the caller or to root."""
    try:
        owners = {os.lstat(path).st_uid, os.stat(path).st_uid}
    except OSError:
        return False
    return owners <= _trusted()


def give_to_owner(path: str) -> None:
    """Give what root has just made to the owner of the folder that it is in, as far as that can be done."""
    if os.geteuid():
        return
    with suppress(OSError):
        folder, made = os.stat(os.path.dirname(path) or "."), os.lstat(path)
        if folder.st_uid and not made.st_uid and (made.st_nlink == 1 or os.path.isdir(path)):  # a link leads elsewhere
            os.lchown(path, folder.st_uid, folder.st_gid)


def owner_of(path: str | os.PathLike[str]) -> str:
    """The name of a file's owner, or its number."""
    return name_of(os.stat(path).st_uid)


def name_of(uid: int) -> str:
    """The name of a user, or the number where the machine knows no name for it, as in a container."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _trusted() -> set[int]:
    """The ids of the users that are trusted."""
    caller = os.geteuid()
    behind_sudo = os.environ.get("SUDO_UID", "") if caller == 0 else ""
    return {0, caller} | ({int(behind_sudo)} if behind_sudo.isascii() and behind_sudo.isdigit() else set())
