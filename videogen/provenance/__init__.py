"""What a video was made of, which videos an asset is in, and a video made again: from the manifests in output/.

Reads: output/, the papers in the other rooms, scanned/. Writes: `processing/.rebuild/`, or beside the file asked
for; a new task in tasks/. Promises: what lies in output/ is touched by nothing here but a rebuild that was told to
write there, and gave the very bytes that were published.
Fails with: MissingInput: no such video, or what it was made of is not there as it was. RecipeError: a swap that cannot
be. Known limits: an asset that is in neither library nor record is found by reading every manifest.
"""

from videogen.provenance.again import Again, Rebuilt, keep, workplace
from videogen.provenance.contents import Content, contents_of
from videogen.provenance.differing import differences
from videogen.provenance.finding import folder_of, manifest_in
from videogen.provenance.page import Page, State, page_of
from videogen.provenance.swapping import Change, clip_in, publish, swapped
from videogen.provenance.users import User, users_of

__all__ = [
    "Again",
    "Change",
    "Content",
    "Page",
    "Rebuilt",
    "State",
    "User",
    "clip_in",
    "contents_of",
    "differences",
    "folder_of",
    "keep",
    "manifest_in",
    "page_of",
    "publish",
    "swapped",
    "users_of",
    "workplace",
]
