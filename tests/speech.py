"""Speech out of nothing: text in, a WAV file of a voice reading it out.

`python -m tests.speech OUT.wav` reads the text on stdin. The voice is the C library of the package espeakng_loader,
and a C library can take its process down with it: whoever wants to live on calls `speak_apart`.
"""

import ctypes
import os
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import espeakng_loader

# Names and numbers of espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1
_RATE, _VOLUME, _WORD_GAP = 1, 2, 7
_CHARACTER_POSITION = 1

VOICE = "en"
WORDS_PER_MINUTE = 150

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def _open(library: ctypes.CDLL, folder: Path) -> int:
    """Give the sample rate of a library that is ready to speak."""
    # The library keeps the path of its data in 160 bytes; a checkout can lie deeper than that, a short link cannot.
    data = folder / "espeak-ng-data"
    os.symlink(espeakng_loader.get_data_path(), data)
    rate: int = library.espeak_Initialize(_SYNCHRONOUS, 0, str(folder).encode(), _DO_NOT_EXIT)
    if rate <= 0:
        raise RuntimeError(f"espeak-ng does not start: no usable data in {espeakng_loader.get_data_path()}")
    if library.espeak_SetVoiceByName(VOICE.encode()) != 0:
        raise RuntimeError(f"espeak-ng has no voice {VOICE}")
    library.espeak_SetParameter(_RATE, WORDS_PER_MINUTE, 0)
    library.espeak_SetParameter(_WORD_GAP, 1, 0)
    # At its usual 100 the loudest sample comes within 1 dB of full scale; an MP3 of it would clip.
    library.espeak_SetParameter(_VOLUME, 75, 0)
    return rate


def _read_out(library: ctypes.CDLL, text: str) -> bytes:
    """Give the samples of a text: 16 bits, mono."""
    heard = bytearray()

    def keep(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _: int | None) -> int:
        if samples and count > 0:
            heard.extend(ctypes.string_at(samples, count * 2))
        return 0

    callback = _Callback(keep)
    raw = text.encode()
    library.espeak_SetSynthCallback(callback)
    if library.espeak_Synth(raw, ctypes.c_size_t(len(raw) + 1), 0, _CHARACTER_POSITION, 0, _UTF8, None, None) != 0:
        raise RuntimeError("espeak-ng does not speak: it refused the text")
    library.espeak_Synchronize()
    return bytes(heard)


def speak(text: str, wav: Path) -> None:
    """Write a voice reading `text` out, mono, at the library's own rate (22,050 Hz)."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    with tempfile.TemporaryDirectory(prefix="speech-") as folder:
        rate = _open(library, Path(folder))
        samples = _read_out(library, text)
        library.espeak_Terminate()
    if not samples:
        raise RuntimeError("espeak-ng said nothing: the text has no words in it")
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)


def speak_apart(text: str, wav: Path, *, timeout_s: float = 60.0) -> None:
    """Do what `speak` does in a process of its own.

    Raises: subprocess.CalledProcessError: the library failed, or took its process down.
    """
    # -P: our folder stays off the path, or a test module could stand in for one of the library's own imports.
    argv = [sys.executable, "-P", __file__, str(wav)]
    subprocess.run(argv, input=text.encode(), check=True, timeout=timeout_s)


if __name__ == "__main__":
    speak(sys.stdin.buffer.read().decode(), Path(sys.argv[1]))
