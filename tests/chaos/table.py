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
        first = [self.fault.name, self.fault.words]
        if self.why_not:
            return [*first, f"not run: {self.why_not}", *[""] * (len(HEAD) - 3)]
        counts = self.phase.counts
        known = f"{counts['known'].failed_tries} of {counts['known'].requests:,}" if self.phase.spares_servers else ""
        published = sum(1 for upload in self.phase.accepted if upload.published_at)
        return [
            *first,
            f"{self.lasted_s:.0f}",
            f"{counts['cached'].failed_tries} of {counts['cached'].requests:,}",
            known,
            f"{counts['visitors'].failed_tries} ({counts['visitors'].failed}) of {counts['visitors'].requests:,}",
            f"{counts['artists'].failed_tries} of {counts['artists'].requests:,}",
            f"{len(self.phase.accepted)} / {published}",
            *("never" if value is None else f"{value:.1f}" for value in (self.ready_s, self.well_s)),
        ]

    def line(self):
        return f"{self.fault.name}: {' | '.join(self.cells()[2:])}"


HEAD = [
    "name",
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


def rows_of(rows):
    """The lines of the table, by the names of their faults."""
    return {row.fault.name: f"| {' | '.join(row.cells())} |" for row in rows}


def taken(options):
    return f"taken on {datetime.date.today()} with {os.cpu_count()} cores and `--seconds {options.seconds:g}`"


def text(rows, sentence, broken, options):
    """All of a run."""
    lines = [f"{taken(options).capitalize()}. {sentence}", ""]
    lines += [f"| {' | '.join(HEAD)} |", "|---|---|" + "---:|" * (len(HEAD) - 2), *rows_of(rows).values()]
    if broken:
        lines += ["", "Broken:", "", *[f"- {one}" for one in broken]]
    return "\n".join(lines)


def update(page, rows, sentence, options):
    """Replaces the rows of some faults, and says so below the table."""
    new = rows_of(rows)
    lines = []
    for line in between(page, "chaos").strip().splitlines():
        name = line.removeprefix("| ").partition(" |")[0] if line.startswith("| ") else None
        lines.append(new.pop(name, line) if name else line)
    if new:
        raise SystemExit(f"{page} has no rows of {', '.join(new)}")
    names = ", ".join(row.fault.name for row in rows)
    lines += ["", f"{names}: {taken(options)}. {sentence}"]
    write(page, "chaos", "\n".join(lines))


def between(page, name):
    """What stands between two markers of a page."""
    found = re.search(f"<!-- {name} -->(.*?)<!-- /{name} -->", page.read_text(), flags=re.S)
    if not found:
        raise SystemExit(f"{page} has no place for {name}")
    return found[1]


def write(page, name, made):
    """Puts a text between two markers of a page."""
    between(page, name)  # Ends the run where the markers are missing.
    before, _, rest = page.read_text().partition(f"<!-- {name} -->")
    after = rest.partition(f"<!-- /{name} -->")[2]
    page.write_text(f"{before}<!-- {name} -->\n\n{made}\n\n<!-- /{name} -->{after}")
