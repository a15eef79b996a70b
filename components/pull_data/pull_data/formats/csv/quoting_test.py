from pathlib import Path

import pytest

from pull_data.conftest import Pull

ROWS = "".join(f"{n};{n},5;x y\n" for n in range(2, 9))


def source_of(folder: Path, text: str) -> Path:
    source = folder / "t.csv"
    source.write_text(text, newline="")
    return source


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param(
            f'a;b;c\n{ROWS}"9;9,5;"x y"\n8;8,5;z\n',
            9,
            ["""closes before 'x y"', which is not the delimiter ';': '"9;9,5;"x y"'"""],
            id="the next quote of the row",
        ),
        pytest.param(
            f'a;b;c\n{ROWS}"9;9,5;x\n8;8,5;"z"\n',
            9,
            ["closes before 'z\"'", ": '\"9;9,5;x'; close it where its field ends"],
            id="the quote of another row",
        ),
        pytest.param(
            f'a;b;c\n{ROWS}"9;9,5;x\n8;8,5;z\n',
            9,
            ["that is not closed: '\"9;9,5;x'", "quote=none if quotes are part of the text"],
            id="the end of the file",
        ),
        pytest.param('a,b\n1,"x', 2, ["that is not closed: '\"x'"], id="no line end"),
        pytest.param('a,b,c\n1,2,3\n4,5,6\n"Source: me\n', 4, ["not closed"], id="a remark"),
        pytest.param('"a,b\n1,x\n2,"y"\n', 1, ["closes before 'y\"'"], id="the header"),
        pytest.param('\n"T\n\na,b\n1,x\n2,"y"\n', 2, ["closes before 'y\"'"], id="a title"),
        pytest.param('T\n\na,b\n1,"x"y\n2,z\n', 4, ["closes before 'y'"], id="more in the field"),
        pytest.param(
            'a,b\n1,"say \\"hi\\""\n', 2, ["write a quote inside it twice"], id="a backslash"
        ),
        pytest.param("'a','b'\n'x','it's'\n", 2, ['closes before "s\'"'], id="single quotes"),
        pytest.param('a,b\r\n1,"x\r\ny"\r\n2,"y"v\r\n', 4, ["before 'v'"], id="CRLF"),
        pytest.param('a,b\r1,"x\ry"\r2,"y\r', 4, ["not closed: '\"y'"], id="CR"),
        pytest.param('a, "b"\n1, "x, y"\n2, "z\n3,u\n', 3, ["not closed"], id="a space before it"),
        pytest.param(
            '"a" "b c" "d"\n1 "x y" 2\n3 "z 4\n4 5 6\n',
            3,
            ["not closed: '\"z 4'"],
            id="white space",
        ),
        pytest.param(
            'a,b\n1,"2\n' + "3,4\n" * 1_200_000, 2, ["not closed"], id="more than a block"
        ),
        pytest.param(
            'a,b\n1,"x\ny ""u"""\n' + '1,"z"\n' * 200_000 + '2,"y\n3,"z"\n',
            200_004,
            ["closes before 'z\"'"],
            id="far down",
        ),
    ],
)
def test_a_quote_that_does_not_close_is_refused(
    pull: Pull, tmp_path: Path, text: str, line: int, words: list[str]
) -> None:
    source = source_of(tmp_path, text)
    pull(source).assert_failed(f"{source}: line {line} opens a quote that ", *words)


@pytest.mark.parametrize(
    ("text", "flags", "values"),
    [
        pytest.param(
            'a,b\n1,"x ""y"", z"\n2,""""\n3,""\n', [], ['x "y", z', '"', None], id="doubled"
        ),
        pytest.param('a,b\n1,"x\ny"\n2,"\n"', [], ["x\ny", "\n"], id="line breaks"),
        pytest.param('5" pipe,b\n3",7"\n4" x 2",a "b" c\n', [], ['7"', 'a "b" c'], id="inches"),
        pytest.param('a,b\n1,"x" \n2,"y"\t\n', [], ["x ", "y\t"], id="spaces behind it"),
        pytest.param('a, "b"\n1, "x, y"\n2, z "u\n', [], ["x, y", 'z "u'], id="spaces before it"),
        pytest.param('a|b\n1|^x|y^\n2|"z\n', ["--quote", "^"], ["x|y", '"z'], id="a power sign"),
        pytest.param("a|b\n1|]x]\n2|y]\n", ["--quote", "]"], ["x", "y]"], id="a bracket"),
        pytest.param('a,b\n1,"x\n2,"y"z\n', ["--quote", "none"], ['"x', '"y"z'], id="none"),
        pytest.param(
            'My "own" title\n\na,b,c\n1,x,2\n2,y,3\nSource: the "office"\n"Note: a\nb"\n',
            [],
            ["x", "y"],
            id="titles and remarks",
        ),
    ],
)
def test_quotes_that_are_sound_are_read(
    pull: Pull, tmp_path: Path, text: str, flags: list[str], values: list[str | None]
) -> None:
    outcome = pull(source_of(tmp_path, text), *flags)
    assert outcome.code == 0, outcome.err
    assert outcome.table.column("b").to_pylist() == values


def test_quotes_at_the_ends_of_blocks_are_followed(pull: Pull, tmp_path: Path) -> None:
    texts = [f"x\n{n}\n" + 'y "z"\r' * (n % 97) for n in range(30_000)]
    rows = "".join('{},"{}"\r\n'.format(n, text.replace('"', '""')) for n, text in enumerate(texts))
    table = pull(source_of(tmp_path, f"n,b\r\n{rows}")).table
    assert table.column("b").to_pylist() == texts
