"""Draws the first two panels of fig7a anew, from `results/fig7a/ratios.parquet` and the manifest alone.

python fig7.py [FILE]          # fig7.svg by default; the ending decides the form
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import yaml
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from tritrack import Table, Workspace

WORKSPACE = Workspace(Path(__file__).resolve().parents[2])

# Colours that the colour-blind tell apart (Okabe and Ito 2008); the marks differ as well.
STYLES = {"active-bits": ("#0072B2", "o"), "match-line": ("#56B4E9", "D")}
ORIGINS = {"model": "Crossbar model", "digital": "Digital reference", "published": "Measured or published by others"}
PRIOR = "flat"


def intervals(axes: Axes, rows: pd.DataFrame, names: list[str], by: str) -> None:
    """One line for each name from the 5 % to the 95 % point, a mark at the median, search models side by side."""
    for shift, (search_model, (colour, mark)) in zip((-0.16, 0.16), STYLES.items(), strict=True):
        chosen = rows[rows["search_model"] == search_model].set_index(by).loc[names]
        places = [place + shift for place in range(len(names))]
        axes.hlines(places, chosen["ratio_p05"], chosen["ratio_p95"], color=colour, linewidth=1.6)
        axes.plot(chosen["ratio_p50"], places, mark, color=colour, markersize=4.5)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def references(axes: Axes, claimed: float, *, named: bool) -> None:
    """Parity and the claimed ratio as lines."""
    for ratio, line, text in ((1.0, ":", "parity"), (claimed, "--", f"claim {claimed}×")):
        axes.axvline(ratio, color="black", linestyle=line, linewidth=1.0)
        if named:
            above = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "ha": "center", "fontsize": 8}
            axes.annotate(text, (ratio, 1.0), (0, 3), **above)


def network(table: Table) -> str:
    """The network that the table is about: the description among its inputs."""
    inputs = [Path(key.removeprefix("input ")) for key in table.provenance if key.startswith("input ")]
    descriptions = [path.stem for path in inputs if path.parent.name == "networks" and path.suffix == ".yaml"]
    return ", ".join(descriptions)


def draw(table: Table, claimed: float, headline: dict[str, str]) -> plt.Figure:
    """The ratio against every baseline, and of every technology against the headline's baseline."""
    rows = table.pandas()
    rows = rows[rows["prior"] == PRIOR]
    ours = rows[rows["technology"] == headline["technology"]]
    groups = [(title, list(dict.fromkeys(ours[ours["origin"] == origin]["baseline"]))) for origin, title in ORIGINS.items()]
    groups = [(title, names) for title, names in groups if names]
    technologies = list(dict.fromkeys(rows["technology"]))

    extents = [len(names) for _, names in groups] + [len(technologies)]
    figure, panels = plt.subplots(
        len(extents), 1, sharex=True, figsize=(9, 0.34 * sum(extents) + 2.4), height_ratios=extents, layout="constrained"
    )
    for axes, (title, names) in zip(panels, groups, strict=False):
        intervals(axes, ours, names, "baseline")
        axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    against = headline["baseline"]
    intervals(panels[-1], rows[rows["baseline"] == against], technologies, "technology")
    panels[-1].set_title(f"Every technology, against {against}", loc="left", fontsize=10, fontweight="bold")

    for axes in panels:
        references(axes, claimed, named=axes is panels[0])
    panels[-1].set_xscale("log")
    panels[-1].xaxis.set_major_formatter("{x:g}")
    unit = table.columns["ratio"].unit or "×"
    panels[-1].set_xlabel(f"energy-efficiency ratio, baseline over RTM-AP [{unit}]")
    keys = [Line2D([], [], color=colour, marker=mark, label=f"search model {name}") for name, (colour, mark) in STYLES.items()]
    figure.legend(handles=keys, loc="outside lower left", ncols=2, frameon=False, fontsize=9)
    figure.suptitle(
        f"{network(table)} on RTM-AP ({headline['technology']}): energy of a baseline over the RTM-AP's, at the same node\n"
        "Medians, with lines from the 5 % to the 95 % point of the draws from the parameters' ranges",
        x=0.01,
        ha="left",
        fontsize=10,
    )
    return figure


def main() -> None:
    """Draws, writes, says where."""
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("fig7.svg")
    manifest = yaml.safe_load((WORKSPACE.root / "experiments" / "fig7a.yaml").read_text(encoding="utf-8"))["energy_ratio"]
    # The same bytes every time: no clock, and names of the SVG's parts from a fixed salt.
    mpl.rcParams["svg.hashsalt"] = "fig7"
    ratios = Table.read_parquet(sys.argv[2]) if len(sys.argv) > 2 else WORKSPACE.table("fig7a/ratios")
    figure = draw(ratios, manifest["claimed_ratio"], manifest["headline"])
    metadata = {"Date": None} if output.suffix == ".svg" else None
    figure.savefig(output, dpi=150, metadata=metadata)
    print(f"wrote {output}")


if __name__ == "__main__":
    main()
