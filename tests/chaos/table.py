"""The table of a run, and its place in a page."""

import datetime
import os
import re


class Row:
    """What one fault did."""

    def __init__(self, fault, phase=None, lasted_s=0, why_not=None):
        self.fault, self.phase, self.lasted_s, self.why_not = fault, phase, lasted_s, why_not
        self.ready_s = self.well_s = None

    def cells(self):
        if self.why_not:
            return [self.fault.words, f"not run: {self.why_not}", *[""] * (len(HEAD) - 2)]
        counts = self.phase.counts
        cells = [self.fault.words, f"{self.lasted_s:.0f}"]
        cells += [
            f"{counts['cached'].failed_tries} of {counts['cached'].requests:,}",
            f"{counts['known'].failed_tries} of {counts['known'].requests:,}" if self.phase.spares_servers else "",
            f"{counts['visitors'].failed_tries} ({counts['visitors'].failed}) of {counts['visitors'].requests:,}",
            f"{counts['artists'].failed_tries} of {counts['artists'].requests:,}",
        ]
        published = sum(1 for upload in self.phase.accepted if upload.published_at)
        cells.append(f"{len(self.phase.accepted)} / {published}")
        cells += ["never" if value is None else f"{value:.1f}" for value in (self.ready_s, self.well_s)]
        return cells

    def line(self):
        return f"{self.fault.name}: {' | '.join(self.cells()[1:])}"


HEAD = [
    "fault",
    "s",
    "cached spins: failed",
    "past the cache: failed",
    "other visitors: failed tries (given up)",
    "artists: failed tries",
    "uploads accepted / published",
    "s until ready",
    "s until all is well",
]


def text(rows, sentence, broken, options):
    lines = [f"Taken on {datetime.date.today()} with {os.cpu_count()} cores and `--seconds {options.seconds:g}`. {sentence}", ""]
    lines += [f"| {' | '.join(HEAD)} |", "|---|" + "---:|" * (len(HEAD) - 1)]
    lines += [f"| {' | '.join(row.cells())} |" for row in rows]
    if broken:
        lines += ["", "Broken:", "", *[f"- {one}" for one in broken]]
    return "\n".join(lines)


def write(page, name, made):
    """Puts a text between two markers of a page."""
    old = page.read_text()
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    new, count = re.subn(f"{begin}.*?{end}", lambda _: f"{begin}\n\n{made}\n\n{end}", old, flags=re.S)
    if count != 1:
        raise SystemExit(f"{page} has no place for {name}")
    page.write_text(new)
