"""The crawler: addresses people dropped become chunks of plain text that a narrator can read.

Reads:         scanned/story/<category>/<story>/link/<name>.txt, once <name>.txt.json stands beside it: one http or
               https address a line, at most 1,000; # begins a comment, at a line's start or after a space. Names that
               begin with a dot are not there.
Writes:        scanned/story/<category>/<story>/chunk_0001.txt and on, at most 10,000 words each, with a card
               chunk_0001.txt.json; link/.<name>.txt.crawl.json, the report: where it stands, the file is done.
Promises:      A chunk that can be seen is whole and has its card. No chunk is ever written over. Killed at any line
               and started again, nothing is lost and no part of a page stands there twice. No connection is made to
               an address that is not public, unless the operator named its host; no page takes more than 15 s of
               network, 10 MB unpacked, 5 redirects, or 1 GiB and 10 s of CPU to read, by a child that can open no file
               and no connection where the kernel has such walls. A host has one connection at a time and a second of
               peace after it, or as long as its robots.txt asks for, up to 30 s; what that file forbids is not asked
               for.
Fails with:    A link file none of whose addresses gave a text is refused with one InputError that names each trouble.
               A trouble of some addresses only is a warning, and stands in the report. NoSpace and SetupError
               (trafilatura is missing) end the round, and nothing is refused for them.
Known limits:  Pages that only scripts fill have no text. One process crawls a spool. A page out of reach is tried
               three times, and its file again after 10 minutes, for an hour where other pages gave text: what comes
               late stands after what came in time, and the cards' url_index tells the order. A page that changed
               between a kill and the next start may repeat or lose words where its two versions meet; the cards'
               fetched_sha256 tell.
"""
