"""Valid tables with bytes, lines, cells and columns changed: a few of the many that `make verify` tries."""

from hostile import try_tables


def test_changed_tables_are_read_or_refused(tmp_path):
    """Never another exception, never long, never a number that is none."""
    seen = try_tables(tmp_path, 100, 300)
    assert len(seen) == 8
    assert min(seen.values()) > 3  # the control: both ends of the border are tried
