"""The harness itself: a page that says something else than what happens must fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks_of, edited, lines_changed
from tests.docs.reader import Reader
from tests.services import HOST, free_port

pytestmark = pytest.mark.slow

SETTINGS = "A = [\n    1,\n    2,\n]\nB = 1\nC = {\n    'x': 1,\n}\n"


def page(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text)
    return path


def change(text: str, *marked: int) -> Block:
    return Block(Path("page.md"), 1, "python", text, "settings.py", frozenset(marked))


def test_blocks_are_found_with_what_belongs_to_them(tmp_path):
    text = """# A page

<!-- test: serves http://127.0.0.1:8000/ -->
```sh
make run
```

1. A step

   ```{code-block} python
   :caption: mysite/settings.py
   :emphasize-lines: 1, 3-4

   A = 1
   ```
"""
    first, second = blocks_of(page(tmp_path, text))
    assert (first.line, first.language, first.text) == (4, "sh", "make run\n")
    assert first.mark == "serves http://127.0.0.1:8000/"
    assert (second.language, second.caption, second.text, second.mark) == (
        "python",
        "mysite/settings.py",
        "A = 1\n",
        "",
    )
    assert second.marked == {1, 3, 4}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (change("A = [\n    0,\n    1,\n", 2), SETTINGS.replace("    1,", "    0,\n    1,", 1)),
        (
            change("A = [\n    0,\n    # ...\n]\nB = 2\nC = {\n", 2, 5),
            SETTINGS.replace("[\n", "[\n    0,\n").replace("B = 1", "B = 2"),
        ),
        (change("C = {\n    'x': 2,\n}\n", 2), SETTINGS.replace("'x': 1", "'x': 2")),
        (change("A = [\n    # ...\n    3,\n]\n", 3), SETTINGS.replace("    2,\n", "    2,\n    3,\n")),
        (change("C = {\n    # ...\n}\nD = 4\n", 4), SETTINGS + "D = 4\n"),
        (
            change("C = {\n    'x': 3,\n    'y': 4,\n", 2, 3),
            SETTINGS.replace("    'x': 1,\n}", "    'x': 3,\n    'y': 4,"),
        ),
        (change("D = 4\n", 1), SETTINGS + "D = 4\n"),
        (change("Z = 1\nA = [\n", 1), "Z = 1\n" + SETTINGS),
        (change("all of it\n"), "all of it\n"),
    ],
)
def test_a_part_of_a_file_says_where_the_new_lines_go(block, expected):
    assert edited(SETTINGS, block) == expected


@pytest.mark.parametrize(
    "block",
    [
        change("A = [\n    9,\n    0,\n", 3),  # there is no 9
        change("A = [\n]\nD = 1\n", 3),  # lines that the page passes over
        change("A = [\n    0,\nB = 1\n", 2),  # one line can't replace four
        change("A = [\n    0,\n", 2),  # the file doesn't end there
        change("B = 1\n# ...\nA = [\n    1,\n", 4),  # in another order
    ],
)
def test_a_part_that_does_not_fit_the_file_fails(block):
    with pytest.raises(AssertionError, match=r"settings\.py"):
        edited(SETTINGS, block)


def test_changed_lines_are_counted():
    assert lines_changed(SETTINGS, SETTINGS) == 0
    assert lines_changed(SETTINGS, SETTINGS.replace("B = 1", "B = 2") + "D = 1\n") == 2
    assert lines_changed(SETTINGS, SETTINGS.replace("    1,\n", "")) == 1


def test_a_page_is_followed(tmp_path):
    text = """
```sh
mkdir place && cd place
export WORD=hello
```

```{code-block} python
:caption: program.py

import os
print(os.environ["WORD"], 8000)
```

```console
$ pwd
.../place
$ python program.py
hello 8000
```

```python
number = 41
print(number)
```

```text
41
```

<!-- test: continues -->
```python
assert number == 41
print("first", number + 1, "last")
```

```text
first ... last
```

<!-- test: fails -->
```sh
python -c "raise SystemExit(3)"
```

<!-- test: skip because there is no such thing -->
```sh
no such thing
```

<!-- test: shout loudly -->
```html
<p>hi</p>
```

Open the window and shout.

<!-- test: shout alone -->

Then close it.

<!-- test: shout last -->
"""
    heard = []
    handlers = {"shout": lambda reader, block: heard.append((block.mark, reader.put(block.text)))}
    with Reader(tmp_path, words={"8000": "8123"}, handlers=handlers) as reader:
        reader.follow(page(tmp_path, text))
    assert heard == [("shout loudly", "<p>hi</p>\n"), ("shout alone", ""), ("shout last", "")]
    assert "8123" in (tmp_path / "place/program.py").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nfalse\ntrue\n```",
        "```console\n$ echo one\ntwo\n```",
        "```python\nprint(1)\n```\n\n```text\n2\n```",
        "<!-- test: fails -->\n```sh\ntrue\n```",
        "<!-- test: skip -->\n```sh\ntrue\n```",
        "```json\n{}\n```",
        "<!-- test: nobody knows this -->\n\nA paragraph.",
        "```\nno language\n```",
        "```{code-block} python\n:caption: absent.py\n:emphasize-lines: 1\n\nA = 1\n```",
    ],
)
def test_a_page_that_is_wrong_fails(tmp_path, text):
    with Reader(tmp_path) as reader, pytest.raises(AssertionError):
        reader.follow(page(tmp_path, text))


def test_a_server_goes_on_and_a_second_one_takes_its_place(tmp_path):
    port = str(free_port())
    serve = f"<!-- test: serves http://{HOST}:8000/ -->\n```sh\npython -m http.server --bind {HOST} 8000\n```\n\n"
    ask = f"```python\nfrom urllib.request import urlopen\nprint(urlopen('http://{HOST}:8000/').status)\n```\n\n```text\n200\n```\n\n"
    with Reader(tmp_path, words={"8000": port}, env={"no_proxy": HOST}) as reader:
        reader.follow(page(tmp_path, serve + ask + serve + ask))
        servers = list(reader._servers.values())
    assert len(servers) == 1 and servers[0].poll() is not None
