from __future__ import annotations

import gc

import pytest
import tritrack
from conftest import REPOSITORY


@pytest.fixture(scope="module")
def table() -> tritrack.Table:
    """A result with texts, integers, real numbers and flags, and gaps in it."""
    return tritrack.Workspace().table("fig7/ratios")


def test_libraries_for_data_frames_read_what_the_file_holds(table):
    import duckdb
    import pandas
    import polars
    import pyarrow

    ratios = table  # noqa: F841 DuckDB finds it by its name
    path = REPOSITORY / "results/fig7/ratios.parquet"
    expected = polars.read_parquet(path)
    assert polars.DataFrame(table).equals(expected)
    assert table.polars().equals(expected)
    assert polars.from_arrow(pyarrow.table(table)).equals(expected)
    assert duckdb.sql("SELECT * FROM ratios").pl().equals(expected)
    frame = pandas.read_parquet(path, dtype_backend="numpy_nullable")
    assert table.pandas().astype(frame.dtypes.to_dict()).equals(frame)
    assert list(table) == expected.to_dicts()


def test_units_and_meanings_travel_with_every_field(table):
    schema = table.arrow().schema
    assert schema.metadata[b"table.name"].decode() == table.name == "ratios"
    for name, column in table.columns.items():
        metadata = {key.decode(): value.decode() for key, value in schema.field(name).metadata.items()}
        assert metadata == {"kind": column.kind, "unit": column.unit, "meaning": column.meaning}
        assert schema.field(name).nullable == column.optional
    energies = tritrack.Workspace().table("fig7/systems")
    assert "uJ" in energies.units.values()
    assert energies.pandas().attrs["units"] == energies.units


def test_gaps_are_gaps_in_every_library(network):
    passes = tritrack.simulate(network, "fashion-mnist", count=1, layers=["fc2"]).table
    total = passes["layer"].index("total")
    assert passes["utilization"][total] is None
    assert passes.arrow()["utilization"].null_count == 1
    assert passes.polars()["utilization"].null_count() == 1
    assert passes.pandas()["utilization"].isna().sum() == 1


def test_a_stream_that_nobody_takes_is_let_go_of(table):
    for _ in range(1000):
        table.__arrow_c_stream__()
    gc.collect()
    assert len(table.arrow()) == len(table)


def test_a_table_is_written_with_what_it_was_made_from(table, tmp_path):
    path = tmp_path / "folder" / "copy.parquet"
    table.write_parquet(path)
    assert path.read_bytes() == (REPOSITORY / "results/fig7/ratios.parquet").read_bytes()
    assert table.provenance["experiment"] == "fig7"


def test_a_damaged_table_and_a_column_that_is_not_there_are_told(table, tmp_path):
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(tritrack.TritrackError, match=r"broken\.parquet"):
        tritrack.Table.read_parquet(path)
    with pytest.raises(tritrack.UnknownNameError, match="there are: "):
        table["ratios"]


def test_a_notebook_shows_labels_with_units(network):
    shown = tritrack.simulate(network, "fashion-mnist", count=1, layers=["fc2"])._repr_html_()
    assert "latency [ms]" in shown and "<td>fc2</td>" in shown and "top-1" in shown
