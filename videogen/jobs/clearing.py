"""What was taken of a folder goes from raw/: only files that are still those that were copied."""

import os
from pathlib import Path

from videogen import durable
from videogen.jobs.folder import Folder
from videogen.jobs.papers import is_same
from videogen.model.job import Job
from videogen.points import point
from videogen.scan.arrival import is_ignored, signature_of


def clear(folder: Folder, job: Job) -> list[str]:
    """Remove what was taken, the description last, and every folder that is empty then; give what is left.

    Where the description was replaced meanwhile, it and all that lies beside it is a new folder.
    """
    for file in sorted(job.files, key=lambda one: one.name == job.description):
        path = folder.path / file.name
        signature = signature_of(path)
        if signature is not None and is_same(file, signature):
            durable.remove(path)
            point("jobs.cleared_one")
    left = []
    for where, _, names in os.walk(folder.path, topdown=False):
        left += [str(Path(where, name).relative_to(folder.path)) for name in names if not is_ignored(name)]
        durable.remove_empty(Path(where))
    return sorted(left)
