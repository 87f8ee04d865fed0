"""The figures as a table."""

import statistics
from pathlib import Path

PEER = "nginx"


def median(results, figure, form):
    values = [getattr(result, figure) for result in results]
    return "" if None in values else format(statistics.median(values), form)


def page(results):
    lines = [
        "| asked for | server | CPU a request, µs | of nginx | requests a second | P50, ms | P99, ms | MiB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for scenario, servers in results.items():
        for name, of_server in servers.items():
            # A ratio of each round: what else the machine does meets both.
            ratios = [own.micros / peer.micros for own, peer in zip(of_server, servers[PEER])]
            cells = [
                scenario if name == next(iter(servers)) else "",
                name,
                median(of_server, "micros", ".1f"),
                f"{statistics.median(ratios):.2f}",
                median(of_server, "rate", ",.0f"),
                median(of_server, "p50", ".2f"),
                median(of_server, "p99", ".2f"),
                median(of_server, "mib", ".0f"),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def steady_page(times):
    """Of (requests a second, P50, P99) of each round."""
    lines = [
        "| asked for | requests a second | server | P50, ms | P99, ms | P99 of nginx's |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for scenario, servers in times.items():
        for name, of_server in servers.items():
            is_first = name == next(iter(servers))
            rate, half, most = (statistics.median(figures) for figures in zip(*of_server))
            ratio = statistics.median(own[2] / peer[2] for own, peer in zip(of_server, servers[PEER]))
            head = f"{scenario} | {rate:,.0f}" if is_first else " | "
            lines.append(f"| {head} | {name} | {half:.2f} | {most:.2f} | {ratio:.2f} |")
    return "\n".join(lines)


def write(part, text):
    """Puts a text between the marks of a part of benches/serve.md."""
    target = Path(__file__).resolve().parent.parent / "serve.md"
    before, _, rest = target.read_text().partition(f"<!-- {part} -->")
    after = rest.partition(f"<!-- /{part} -->")[2]
    target.write_text(f"{before}<!-- {part} -->\n\n{text}\n\n<!-- /{part} -->{after}")
