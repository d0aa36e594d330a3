"""The verdicts' names and colours, for pictures and terminals alike.

The colours are those of Okabe and Ito, which people with any of the common kinds of colour blindness tell apart; the
letters stand beside them wherever there is room.
"""

from crossjudge.contracts import Verdict

NAMES: dict[str, str] = {verdict.value: verdict.name.lower().replace("_", " ") for verdict in Verdict}

COLOURS: dict[str, str] = {
    Verdict.PASSED: "#009E73",
    Verdict.FAILED: "#E69F00",
    Verdict.ERROR: "#D55E00",
    Verdict.TIMEOUT: "#F0E442",
    Verdict.MEMORY: "#CC79A7",
    Verdict.CRASHED: "#000000",
    Verdict.SKIPPED: "#DDDDDD",
    Verdict.NOT_JUDGED: "#56B4E9",
}

STYLES: dict[str, str] = {
    letter: f"{'white' if letter in (Verdict.CRASHED, Verdict.PASSED, Verdict.ERROR) else 'black'} on {colour}"
    for letter, colour in COLOURS.items()
}
