"""What a column calls for that nearly determines the target."""

from __future__ import annotations

from collections.abc import Iterator

from ecotone.checkup.performance import Performance

from ._need import Need


def leaks(model: Performance) -> Iterator[Need]:
    """One need for all such columns: only the user can know when their values are written."""
    found = model.details.columns.leaks_found
    if not found:
        return
    names = ", ".join(f"'{leak.name}' ({leak.how})" for leak in found[:4])
    names += f" and {len(found) - 4} more" if len(found) > 4 else ""
    known = ", ".join(f"'{leak.name}'" for leak in found[:2]) + (" and others are" if len(found) > 2 else "")
    known += {1: " is", 2: " are"}.get(len(found), "")
    read = [leak.name for leak in found if leak.read]
    several = len(found) > 1
    yield Need(
        "leak",
        f"{names} nearly determine{'' if several else 's'} the target by {'themselves' if several else 'itself'}.",
        1.6,
        numbers={"columns": [leak.name for leak in found], "read": read},
        action=f"Find out whether {known} known when the model has to predict; if not, leave out with --ignore",
        expected="The model reads it: if its value is known only after the outcome, every metric here is too good."
        if read
        else "Estimates and attribution do not use it. It is a leak if it is known only after the outcome.",
    )
