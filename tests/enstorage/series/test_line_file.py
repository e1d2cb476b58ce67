"""Files of line protocol: which points are taken from them, and what is refused."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage import DataSource
from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS
from enstorage.series.influx.line_protocol import to_lines
from enstorage.sources.line_file import LineFile

PAPER_NS = 1422568543702900257
FIRST, SECOND, THIRD = (PAPER_NS + step for step in range(3))


@pytest.fixture
def write(tmp_path):
    """A function that writes a file of lines and gives its path."""

    def make(*lines, end="\n"):
        path = tmp_path / "points.lp"
        path.write_bytes(end.join(lines).encode())
        return path

    return make


def read(path, tags=(("mysql_id", "234"),), precision="ns", **wanted):
    times, values = LineFile(path, dict(tags), precision=precision, **wanted).read()
    assert (times.dtype, values.dtype) == (np.int64, np.float64)
    return list(zip(times.tolist(), values.tolist(), strict=True))


def test_the_papers_line_is_a_point(write):
    path = write(f"data_source,mysql_id=234 value=0.55 {PAPER_NS}")
    assert read(path, precision=None) == [(PAPER_NS, 0.55)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5i", 5),
        ("-5i", -5),
        ("5u", 5),
        ("18446744073709551615u", 2**64),
        ("-0.0", -0.0),
        ("5", 5),
        ("5.", 5),
        (".5", 0.5),
        ("1e3", 1000),
        ("1.5E-3", 0.0015),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("0.1", 0.1),
    ],
)
@pytest.mark.parametrize("before", ["", 'text="a \\" b",'])  # lines that are simple, and those that are not
def test_every_form_of_a_number_is_a_float(write, text, value, before):
    ((time, found),) = read(write(f"data_source,mysql_id=234 {before}value={text} 17"))
    assert (time, np.float64(found).tobytes()) == (17, np.float64(value).tobytes())


def test_the_smallest_number_is_read_from_a_simple_line(write):
    assert read(write("data_source,mysql_id=234 value=5e-324 17")) == [(17, 5e-324)]


@pytest.mark.parametrize(
    "text", ["t", "F", "true", "FALSE", '"5"', '""', "1e999", "9223372036854775808i", "18446744073709551616u", "-1u"]
)
@pytest.mark.parametrize("before", ["", 'text="a \\" b",'])
def test_what_is_no_finite_number_is_refused_with_its_line(write, text, before):
    good = f"data_source,mysql_id=234 value=1 {FIRST}"
    path = write(good, f"data_source,mysql_id=234 {before}value={text} {SECOND}", good)
    with pytest.raises(
        InvalidInputError, match=r"points.lp, line 2, (has a value that is not a finite number|cannot be read): "
    ):
        read(path)


@pytest.mark.parametrize(
    "line",
    [
        "data_source,mysql_id=234 value=nan 1",
        "data_source,mysql_id=234 value=+5 1",
        "data_source,mysql_id=234 value=1.2.3 1",
        "data_source,mysql_id=234 value=5x 1",
        "data_source,mysql_id=234 value= 1",
        "data_source,mysql_id=234 value 1",
        "data_source,mysql_id=234",
        "data_source,mysql_id= value=1 1",
        "data_source,mysql_id value=1 1",
        "data_source,mysql_id=234 value=1 1.5",
        "data_source,mysql_id=234 value=1 2015-01-29",
        "data_source,mysql_id=234 value=1 1 1",
        'data_source,mysql_id=234 text="open,value=1 1',
        "data_source,mysql_id=234 value=1\0 1",
        "time,value",
        "CREATE DATABASE load",
        "données",
    ],
)
def test_a_line_that_is_no_line_protocol_is_refused_with_its_number(write, line):
    path = write(f"data_source,mysql_id=234 value=1 {FIRST}", "# why", "", line, "other x=1 1")
    with pytest.raises(InvalidInputError) as caught:
        read(path)
    message = str(caught.value)
    assert "points.lp, line 4, cannot be read: " in message
    assert "expected a line such as data_source,mysql_id=234 value=0.55 1422568543702900257" in message
    assert "nothing was stored" in message


@pytest.mark.parametrize("time", ["", f" {MAX_NS + 1}", " 99999999999999999999999"])
@pytest.mark.parametrize("before", ["", 'text="a \\" b",'])
def test_a_line_without_a_time_that_can_be_kept_is_refused_with_its_number(write, time, before):
    good = f"data_source,mysql_id=234 value=1 {FIRST}"
    wrong = f"data_source,mysql_id=234 {before}value=2{time}"
    with pytest.raises(
        InvalidInputError,
        match=r"line 2, (has no time, or one that is out of range|cannot be read): .*Further bad lines: 1",
    ):
        read(write(good, wrong, wrong))


def test_lines_of_others_are_passed_over_whatever_they_hold(write):
    path = write(
        f"data_source,mysql_id=235 value=1 {FIRST}",
        f"data_source value=1 {FIRST}",
        f"data_source,other_mysql_id=234 value=1 {FIRST}",
        f"data_source,mysql_id=2345 value=1 {FIRST}",
        f"data_source2,mysql_id=234 value=1 {FIRST}",
        f'data_source,mysql_id=234 values=1,avalue=2,text=",value=3" {FIRST}',
        f'data_source,mysql_id=235 value="text",up=t {FIRST}',
        "cpu,host=a value=1",
        f"data_source,a=b,mysql_id=234,z=y load=5i,value=7,up=true {SECOND}",
    )
    assert read(path) == [(SECOND, 7)]


def test_names_and_tags_may_be_others(write):
    path = write(
        f"cpu,host=a,core=1 idle=1,busy=2 {FIRST}",
        f"cpu,host=b,core=1 idle=3,busy=4 {FIRST}",
        f"cpu,host=a,core=2 idle=5,busy=6 {SECOND}",
        f'my\\ cpu,ho\\=st=a\\,\\ b "bu\\ sy"=8 {THIRD}',
    )
    assert read(path, {"host": "a"}, measurement="cpu", field="busy") == [(FIRST, 2), (SECOND, 6)]
    assert read(path, {"host": "a", "core": "1"}, measurement="cpu", field="idle") == [(FIRST, 1)]
    assert read(path, {}, measurement="cpu", field="idle") == [(FIRST, 3), (SECOND, 5)]
    assert read(path, {"ho=st": "a, b"}, measurement="my cpu", field='"bu sy"') == [(THIRD, 8)]
    with pytest.raises(InvalidInputError, match="expected lines of cpu,host=a,core=1 with the field idle"):
        read(
            write("cpu,core=1,host=a,c=d idle=5 x".replace(" x", ""), ""),
            {"host": "a,core=1"},
            measurement="cpu",
            field="idle",
        )


def test_the_last_of_several_points_at_one_time_is_taken_and_they_come_sorted(write):
    path = write(
        f"data_source,mysql_id=234 value=1 {THIRD}",
        f"data_source,mysql_id=234 value=2 {FIRST}",
        f'data_source,mysql_id=234 value=3,text="\\"" {THIRD}',
        f"data_source,mysql_id=234 value=4 {FIRST}",
    )
    assert read(path) == [(FIRST, 4), (THIRD, 3)]


def test_comments_empty_lines_blanks_and_ends_of_windows_are_understood(write):
    path = write(
        "\ufeff# a comment", "", "   ", "  # another", f"  data_source,mysql_id=234   value=1   {FIRST}  ",
        f"data_source,mysql_id=234 value=2 {SECOND}", "", end="\r\n",
    )  # fmt: skip
    assert read(path) == [(FIRST, 1), (SECOND, 2)]


def test_a_text_over_several_lines_hides_what_looks_like_points(write):
    path = write(
        'log,host=a text="it said:',
        f"data_source,mysql_id=234 value=1 {FIRST}",
        f'and \\"ended\\"" {FIRST}',
        'data_source,mysql_id=234 value=2,text="two',
        f'lines" {SECOND}',
        f"data_source,mysql_id=234 value=3 {THIRD}",
    )
    assert read(path) == [(SECOND, 2), (THIRD, 3)]


def test_a_quote_in_a_tag_is_a_quote_and_one_that_is_never_closed_is_a_wrong_line(write):
    path = write(f'data_source,host=a"b,mysql_id=234 value=1 {FIRST}', f"data_source,mysql_id=234 value=2 {SECOND}")
    assert read(path) == [(FIRST, 1), (SECOND, 2)]
    lines = [f'data_source,mysql_id=234 value=1,text="{number} {FIRST}' for number in range(1001)]
    with pytest.raises(InvalidInputError, match="line 1, cannot be read"):
        read(write(*lines))


def test_an_export_of_influxdb_is_understood(write):
    path = write(
        "# INFLUXDB EXPORT: 1677-09-21T00:12:43Z - 2262-04-11T23:47:16Z", "# DDL",
        "CREATE DATABASE load WITH NAME autogen", "# DML", "# CONTEXT-DATABASE:load", "# CONTEXT-RETENTION-POLICY:autogen",
        "# writing tsm data", f"data_source,mysql_id=234 value=0.55 {PAPER_NS}", "# writing wal data", "",
    )  # fmt: skip
    assert read(path, precision=None) == [(PAPER_NS, 0.55)]


@pytest.mark.parametrize(("precision", "unit"), [("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9)])
def test_times_may_be_in_other_units(write, precision, unit):
    path = write("data_source,mysql_id=234 value=1 -1700000000", "data_source,mysql_id=234 value=2 1700000000")
    assert read(path, precision=precision) == [(-1_700_000_000 * unit, 1), (1_700_000_000 * unit, 2)]


def test_times_that_are_too_short_for_nanoseconds_are_refused_unless_the_unit_is_told(write):
    path = write("data_source,mysql_id=234 value=1 1422568543702")
    with pytest.raises(
        InvalidInputError,
        match=r"has times such as 1422568543702, which may be .* Give their unit as precision: ns, us",
    ):
        read(path, precision=None)
    with pytest.raises(InvalidInputError, match="There is no precision 'm'; known are ns, us, ms, s"):
        read(path, precision="m")
    with pytest.raises(InvalidInputError, match="line 1, has no time, or one that is out of range"):
        read(path, precision="s")


def test_a_packed_file_is_unpacked(tmp_path):
    path = tmp_path / "points.lp.gz"
    path.write_bytes(gzip.compress(to_lines(234, np.array([FIRST, SECOND]), np.array([0.5, -0.0]))))
    assert read(path) == [(FIRST, 0.5), (SECOND, 0)]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InvalidInputError, match="is not a complete gzip file"):
        read(path)


def test_files_that_cannot_be_read_are_told(tmp_path):
    for name, content, message in (
        ("missing", None, "missing does not exist; expected a file of line protocol"),
        ("plain.gz", b"data_source,mysql_id=234 value=1 1", "is not a complete gzip file"),
        ("latin", "données,mysql_id=234 value=1 1".encode("latin-1"), r"is not UTF-8 text \(byte 4 is not\)"),
        (
            "empty",
            b"",
            "holds no points; expected lines of data_source,mysql_id=234 with the field value, received 0 lines",
        ),
        ("comment", b"# only\n", "received 0 lines"),
        ("other", f"cpu,host=a idle=1 {FIRST}".encode(), "received 1 lines, the first 'cpu,host=a idle=1 "),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InvalidInputError, match=message):
            read(path)
    with pytest.raises(InvalidInputError, match="is a directory"):
        read(tmp_path)


def test_a_long_line_is_shortened_in_the_message(write):
    with pytest.raises(InvalidInputError) as caught:
        read(write("x" * 100_000))
    assert len(str(caught.value)) < 400


TEXT = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=' ,="\\'), min_size=1, max_size=8
).filter(lambda text: not text.endswith("\\") and '\\"' not in text and "\\\\" not in text and not text.startswith("#"))


def escaped(text):
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


@settings(max_examples=60, deadline=None)
@given(
    measurement=TEXT.filter(lambda text: "=" not in text and text.strip() == text),
    tags=st.dictionaries(TEXT, TEXT, max_size=3),
    field=TEXT.filter(lambda text: '"' not in text),
    before=st.sampled_from(["", "up=true,", "n=5i,", 'text="a,b c=d",', 'text="a \\"b\\" \\\\",']),
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False), min_size=1, max_size=4),
)
def test_what_was_escaped_by_the_rules_is_read_back(tmp_path_factory, measurement, tags, field, before, values):
    """The two ways of understanding a line agree."""
    if field in {"up", "n", "text"}:
        return
    key = ",".join(
        [measurement.replace(",", "\\,").replace(" ", "\\ "), *(f"{escaped(k)}={escaped(v)}" for k, v in tags.items())]
    )
    lines = [f"{key} {before}{escaped(field)}={value!r} {time}" for time, value in enumerate(values)]
    path = tmp_path_factory.mktemp("lines") / "points.lp"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read(path, tags, measurement=measurement, field=field) == list(enumerate(values))


# Of a data source


def test_a_source_takes_its_own_points_from_a_file(store, write):
    others, source = DataSource(name="a").save(), DataSource(name="b").save()
    path = write(
        f"data_source,mysql_id={others.id} value=1 {FIRST}",
        f"data_source,mysql_id={source.id} value=2 {FIRST}",
        f"data_source,host=x,mysql_id={source.id} value=3 {SECOND}",
        f"data_source,mysql_id={source.id} value=4 {SECOND}",
        f"cpu,host=x idle=5i {THIRD}",
    )
    assert source.import_lines(path) == 2
    assert [part.tolist() for part in source.read()] == [[FIRST, SECOND], [2, 4]]
    assert source.import_lines(str(path), measurement="cpu", field="idle", tags={"host": "x"}) == 1
    assert source.read()[1].tolist() == [2, 4, 5]
    assert others.read()[1].tolist() == []


def test_of_a_file_with_a_wrong_line_nothing_is_written(store, write, census):
    source = DataSource(name="a").save()
    before = census(store)
    path = write(
        f"data_source,mysql_id={source.id} value=1 {FIRST}", f"data_source,mysql_id={source.id} value=x {SECOND}"
    )
    with pytest.raises(InvalidInputError, match="line 2, cannot be read"):
        source.import_lines(path)
    assert census(store) == before
