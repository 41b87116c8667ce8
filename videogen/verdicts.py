"""The table of codes: what each word of a reason file, a report or a log means, and what a person can do.

An error's own sentence names the very file and its own remedy; this table is what the word means wherever it stands.
A code is given once and never changes. A test holds the table against the source, both ways.
"""

from dataclasses import dataclass

FAMILIES = ("file", "voice", "link", "task", "command")
"""Who can meet a code: any dropped file, only sound, lists of links and their pages, tasks, and verbs typed by hand."""

# code | who meets it | what it means | what to do
_REFUSED = """
address-not-public | link | its host is in a private network | Give an address that anyone can open.
bad-answer | link | the site sent what is not proper HTTP | Ask the site's owner.
bad-body | link | the page came in a packing that cannot be unpacked | Ask the site's owner.
bad-captions | file command | its captions cannot be read | Correct them in the line that is told, drop again.
bad-description | file command | a description is none: of a key or a value in it | Correct it where the sentence says.
bad-description | file command | a description cannot be understood | Correct it where the sentence says.
bad-file-name | file | a file's name cannot stand in the library | Rename it, and its mention.
bad-folder-name | file | its folder has control characters, is not UTF-8, or too long | Rename the folder, drop again.
bad-index | task | the index of the finished video cannot be read | Report it with the folder.
bad-magic | file command | by its first bytes it is nothing that videogen reads | Export it as MP4 or MP3, drop that.
bad-structure | file command | its inner structure cannot be read | Export it anew and drop that.
broken-font | file command | the font cannot be drawn with | Use another TrueType or OpenType font.
broken-image | file command | a picture is damaged, or cannot be drawn | Get it again, or export it anew.
broken-table | file command | a table of colours (.cube) contradicts itself | Correct it where the sentence says.
cancelled | task | someone cancelled it | `videogen retry` brings it back.
certificate | link | the site has no valid certificate | Ask the site's owner.
channels-not-allowed | voice command | its channels cannot be mixed down to stereo | Export it in stereo.
codec-not-allowed | file task command | it is coded in a way that videogen does not take | Export it as H.264 or MP3.
content-encoding | link | the page came packed in a way not asked for | Ask the site's owner.
content-type | link | the address gives no page of text | Give the address of an HTML or plain text page.
decode-error | file command | a part of it is damaged | Copy it again, or export it anew.
defect | task file command | an invariant of ours is broken | Report it with the folder.
duplicate | file | the same content is in the library already | Nothing; remove the copy.
empty | file command | it has no bytes | Copy it again.
encrypted | file command | it is encrypted | Export it without copy protection.
ffmpeg-refused | task command | FFmpeg refused a command that videogen built | Report it with the folder.
format-changes | voice command | its sample rate or channels change midway | Export it anew.
frames-differ | task | the plan is not as long as the task says | Drop the voice again.
http-<status> | link | the site answered with that status | Open the address in a browser and see.
input | command | what was typed names nothing that is there | Look at the names that the sentence tells.
input-changed | task | a file of the task has other bytes than it was made of | Drop that file again, and the voice.
internal-error | file task | videogen itself failed on it | Report it; dropped or tried again, it may pass.
invalid-timeline | file command | a description contradicts itself, or its files | Correct it where the sentence says.
kind-mismatch | file command | it is another kind of file than its folder takes | Drop it where it belongs.
media | task command | an input could not be decoded, or is not what is needed | Replace the file, drop the voice again.
misplaced | file | it lies at no place of raw/ | Drop it into one of the places the sentence names.
missing-file | file command | a description names a file that is not there | Put it beside it, or correct its name.
missing-input | task command | something it needs is not there, or cannot be read | Drop it again, then retry.
no-heic | file command | it is HEIC, which cannot be read here | Install the extra `images`, or export it as a JPEG.
no-media | command | it holds no picture and no sound | Give another file.
no-moov | file command | the index of the MP4 is missing: the copy or the recording broke off | Copy it again, whole.
no-picture | file | a clip without a picture | Drop sound into music or voices, as MP3.
no-such-host | link | no host has that name | Check how the name is spelled.
no-text | link | no page gave a text | Give addresses whose text shows without scripts.
no-url | link | no line of it is a link | Write one http:// or https:// URL per line.
not-a-file | file | a link, a folder or a device, not a file | Copy the file itself.
not-a-number | voice command | it holds samples that are no numbers | Export it anew, as 24 bit PCM.
not-an-image | file command | it is no picture, whatever its name says | Export it as a JPEG or a PNG.
not-regular | file command | a pipe, a folder or a device, not a file | Give the file itself.
not-text | link | it is not UTF-8 text | Save it as UTF-8.
not-utf8 | link | it is not UTF-8 text any more | Save it as UTF-8.
page-too-heavy | link | reading the page took more memory or time than a page may | Give another address.
pieces-missing | command | pieces of the video are missing | Run it again, or have the gaps filled with black.
poison | file task | it ended what worked on it three times: a child, main, or a node | Export it anew; see its remedy.
quality-black | task command | the finished video is black where its sources are not | Look at the frames, then retry.
quality-click | task command | the sound jumps at a join where no source jumps | Listen there, then retry.
quality-clipping | task command | too many samples stand at full scale | Lower the gains, then retry.
quality-colour | task command | the finished video does not tell its colours | Report it with the folder.
quality-decode | task command | frames of the finished video cannot be decoded | Check the disk, then retry.
quality-edits | task command | the edit lists do not show all of the video | Report it with the folder.
quality-flash | task command | a frame at a join is unlike what belongs there | Look at the frames, then retry.
quality-frames | task command | the finished video has other frames than planned | Retry; report it if it fails again.
quality-freeze | task command | the finished video stands still where its sources move | Look at the frames, then retry.
quality-hash | task command | the bytes are not those that were published | Bring the file back from a copy.
quality-index | task command | the index does not lie in front, or points elsewhere | Report it with the folder.
quality-lengths | task command | picture and sound are not equally long | Retry; report it if it fails again.
quality-loudness | task command | the sound is louder or quieter than its sources | Look at the gains, then retry.
quality-peak | task command | the true peak of the sound is too high | Lower the gains, then retry.
quality-pieces | task command | it does not hold its segments in order | Retry; report it if it fails again.
quality-rate | task command | the frames do not all last as long as planned | Retry; report it if it fails again.
quality-silence | task command | there is no sound where the sources are heard | Listen there, then retry.
quality-size | task command | the video has another size than planned | Retry; report it if it fails again.
quality-tracks | task command | it does not have one picture and one sound | Retry; report it if it fails again.
recipe | task command | a description asks for what cannot be | Change what the sentence names.
robots-disallowed | link | the site's robots.txt forbids it | Give another page; crawl.robots = false for your own.
segment-wrong | task | a fresh segment is not what was planned | Report it with the folder.
silent | voice | there is nothing to hear in it | Check the recording and drop it again.
size-changes | file command | its picture changes size midway | Export it in one size.
sound-wrong | task | the mixed sound has another length than planned | Report it with the folder.
store-broken | task | one segment was damaged again and again | Check the disk; run `videogen cache verify`.
store-too-small | task | a segment was evicted before it was used | Raise segments.max_gb.
timebase-changed | task | a track counts in another unit than planned | Report it with the folder.
too-fast | file command | it shows over 240 pictures a second | Convert it to fewer.
too-large | link command | it is larger than its kind may be | Split it, or give a smaller one.
too-long | file command | it is longer than 6 hours | Cut it into shorter parts.
too-many-files | file | a folder holds more files than one video may be made of | Make several folders of it.
too-many-pictures | file command | its pictures together are more than can be held | Show fewer, or a smaller video.
too-many-pixels | file command | over 8192 pixels a side or 36 megapixels | Convert it to a smaller picture.
too-many-redirects | link | the page sends on and on | Give the address it ends at.
too-many-streams | file command | it holds too many streams | Export it with one picture and one sound.
too-many-urls | link | it has too many lines or bytes | Split it into several files.
too-short | voice | it lasts less than half a second | Drop a longer recording.
too-slow | file command | it could not be looked through in time | Cut it into smaller files, or raise scan.probe_s.
truncated | file command | it ends before its own structure says | Copy it again, whole.
unreadable | file task command | the videogen user may not read it | Give that user the right to read it.
upload-failed | task | the video could not be brought to output/ in three tries | See whether output/ can be written.
url-not-allowed | link | the address is none that may be asked | Give a public http:// or https:// address.
"""

# These pass: a file stays in raw/, a link is tried again; a task goes back, and is refused at the third time only.
_PASSES = """
connection | link | the site could not be reached | Nothing; it is tried again.
encoder-busy | task | the device has no session left for one more encode | Run fewer nodes on it if it happens often.
inspector-unready | file | the program that looks into files does not start | Run `videogen doctor`.
killed | task | FFmpeg was killed, most likely for want of memory | Lower render.resolution, or add memory.
no-space | file task | the disk is full | Free space; it is tried again.
robots-unreachable | link | the site's robots.txt could not be read | Nothing; it is tried again.
stalled | task | FFmpeg made no progress, or ran past its time | Look into stderr.log if it happens often.
still-changing | file | it changed while it was read | Wait until the copy is done.
stopped | file task | the operator stopped the work | Nothing; it goes on at the next start.
temporary | task | something failed that may work later | Nothing; it is tried again.
timeout | link | the site did not answer in time | Nothing; it is tried again.
upload | task | the video did not arrive whole in output/ | Nothing; it is sent again.
vanished | task | a file of the video was taken away | Nothing; it is rendered again.
"""


@dataclass(frozen=True)
class Ruling:
    """What a code means. `passes`: alone it refuses nothing, as the same thing may succeed later."""

    code: str
    families: tuple[str, ...]
    meaning: str
    remedy: str
    passes: bool


def _read(table: str, *, passes: bool) -> dict[str, Ruling]:
    rows = ([cell.strip() for cell in line.split("|")] for line in table.strip().splitlines())
    return {
        code: Ruling(code, tuple(families.split()), meaning, remedy, passes) for code, families, meaning, remedy in rows
    }


RULINGS = _read(_REFUSED, passes=False) | _read(_PASSES, passes=True)
"""Every code there is, the refusing ones first, each group in order of code."""


def ruling_of(code: str) -> Ruling | None:
    """Give what a code means; None for a word that is none of ours, or of a later version."""
    found = RULINGS.get(code)
    if found is None and code.startswith("http-"):
        return RULINGS["http-<status>"]
    return found
