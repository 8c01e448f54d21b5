"""The line of an output that tells most of a failure, for the outputs of many tools and for any text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.symptoms import telling_line, telling_lines

PYTEST = """\
F.x                                                                      [100%]
=================================== FAILURES ===================================
_________________________________ test_price ___________________________________

    def test_price():
>       assert price("eggs") == 3
E       assert 2 == 3
E        +  where 2 = price('eggs')

tests/test_shop.py:5: AssertionError
=========================== short test summary info ============================
FAILED tests/test_shop.py::test_price - assert 2 == 3
========================= 1 failed, 12 passed in 4.2s ==========================
make: *** [Makefile:3: test] Error 1
"""
PYTEST_RAISES = """\
tests/test_shop.py:9: in test_sold_out
    price("milk")
shop/prices.py:14: in price
    return PRICES[name]
E   KeyError: 'milk'
------------------------------ Captured log call -------------------------------
ERROR    shop:prices.py:13 no price
=========================== short test summary info ============================
FAILED tests/test_shop.py::test_sold_out - KeyError: 'milk'
1 failed in 0.11s
"""
PYTEST_FIXTURE = """\
E                                                                        [100%]
file /work/tests/test_shop.py, line 12
  def test_till(till):
E       fixture 'till' not found
>       use 'pytest --fixtures [testpath]' for help on them.
ERROR tests/test_shop.py::test_till
1 error in 0.02s
"""
PYTHON = """\
Traceback (most recent call last):
  File "/work/shop.py", line 3, in load
    return json.loads(text)
           ^^^^^^^^^^^^^^^^
json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/work/shop.py", line 9, in <module>
    main()
    ~~~~^^
shop.errors.BadPrices: prices.json is empty
"""
UNITTEST = """\
.F
======================================================================
FAIL: test_price (test_shop.Prices.test_price)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/work/test_shop.py", line 7, in test_price
    self.assertEqual(2, 3)
AssertionError: 2 != 3

----------------------------------------------------------------------
Ran 2 tests in 0.001s

FAILED (failures=1)
"""
NODE = """\
/work/shop.js:2
  return prices.eggs.net
                     ^

TypeError: Cannot read properties of undefined (reading 'net')
    at price (/work/shop.js:2:22)
    at Object.<anonymous> (/work/shop.js:4:1)

Node.js v22.1.0
"""
JEST = """\
FAIL ./shop.test.js
  \u2715 prices the eggs (3 ms)

  \u25cf shop \u203a prices the eggs

    expect(received).toBe(expected) // Object.is equality

    Expected: 3
    Received: 2

      1 | test('prices the eggs', () => {
    > 2 |   expect(price('eggs')).toBe(3)
        |                         ^
      at Object.toBe (shop.test.js:2:25)

Test Suites: 1 failed, 1 total
Tests:       1 failed, 1 total
"""
JAVA = """\
Exception in thread "main" java.lang.IllegalStateException: bad prices
\tat shop.Main.main(Main.java:9)
Caused by: java.lang.NumberFormatException: For input string: "x1"
\tat java.base/java.lang.Integer.parseInt(Integer.java:652)
\t... 1 more
"""
RUSTC = """\
   Compiling shop v0.1.0 (/work)
error[E0308]: mismatched types
 --> src/main.rs:1:25
  |
1 | fn main() { let x: i32 = "a"; }
  |                          ^^^ expected `i32`, found `&str`

error: aborting due to 1 previous error

For more information about this error, try `rustc --explain E0308`.
error: could not compile `shop` (bin "shop") due to 1 previous error
"""
CARGO_TEST = """\
running 1 test
test tests::prices ... FAILED

---- tests::prices stdout ----
thread 'tests::prices' panicked at src/lib.rs:3:9:
assertion `left == right` failed
  left: 2
 right: 3
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out
"""
GO_TEST = """\
=== RUN   TestPrice
    shop_test.go:7: got 2, want 3
--- FAIL: TestPrice (0.00s)
FAIL
FAIL\texample.com/shop\t0.003s
FAIL
"""
GO_PANIC = """\
panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.main()
\t/work/main.go:8 +0x1d
exit status 2
"""
NPM = """\
npm ERR! code ERESOLVE
npm ERR! ERESOLVE unable to resolve dependency tree
npm ERR! 
npm ERR! While resolving: shop@1.0.0
npm ERR! A complete log of this run can be found in:
npm ERR!     /root/.npm/_logs/2024-01-01T00_00_00_000Z-debug-0.log
"""  # noqa: W291  # npm writes it so
GCC = """\
shop.c: In function \u2018main\u2019:
shop.c:3:9: warning: unused variable \u2018x\u2019 [-Wunused-variable]
shop.c:4:10: error: \u2018eggs\u2019 undeclared (first use in this function)
    4 |   return eggs;
      |          ^~~~
shop.c:4:10: note: each undeclared identifier is reported only once
make: *** [Makefile:2: shop] Error 1
"""
ESLINT = """\
/work/shop.js
  1:7  error  'eggs' is assigned a value but never used  no-unused-vars

\u2716 1 problem (1 error, 0 warnings)
"""
PRE_COMMIT = """\
ruff.....................................................................Passed
subject line length......................................................Failed
- hook id: commit-subject
- exit code: 1

subject is 82 characters, at most 72 allowed
"""
GIT_REBASE = """\
CONFLICT (content): Merge conflict in shop.py
error: could not apply 3d0c9b1... Add milk
hint: Resolve all conflicts manually
Could not apply 3d0c9b1... Add milk
"""
PIP_IN_DOCKER = """\
#11 [builder 5/6] RUN pip install -r requirements.txt
#11 5.912 ERROR: No matching distribution found for nope==1.0
------
ERROR: failed to solve: process "/bin/sh -c pip install" did not complete successfully: exit code: 1
"""

EXAMPLES = {
    "pytest names the test of an assertion": (PYTEST, "FAILED tests/test_shop.py::test_price - assert 2 == 3"),
    "pytest's exception": (PYTEST_RAISES, "KeyError: 'milk'"),
    "pytest's missing fixture": (PYTEST_FIXTURE, "fixture 'till' not found"),
    "pytest's summary alone": ("..F\n==== 3 failed, 12 passed in 4.2s ====\n", "3 failed, 12 passed in 4.2s"),
    "one case of a report": (
        "assert 2 == 3\n>   assert price() == 3\nE   assert 2 == 3\n\nx.py:5: AssertionError",
        "assert 2 == 3",
    ),
    "an exception of a chain": (PYTHON, "shop.errors.BadPrices: prices.json is empty"),
    "an exception without words": (
        "working\nTraceback (most recent call last):\nKeyboardInterrupt\n",
        "KeyboardInterrupt",
    ),
    "a group of exceptions": (
        "  | ExceptionGroup: many (1)\n  +-+---- 1 ----\n    | TypeError: two\n",
        "TypeError: two",
    ),
    "unittest": (UNITTEST, "AssertionError: 2 != 3"),
    "node": (NODE, "TypeError: Cannot read properties of undefined (reading 'net')"),
    "node's assertion": (
        "AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:\n\n1 !== 2\n\n    at f (n.js:1:2)\n",
        "AssertionError [ERR_ASSERTION]: Expected values to be strictly equal: 1 !== 2",
    ),
    "jest": (
        JEST,
        "\u25cf shop \u203a prices the eggs expect(received).toBe(expected) // Object.is equality Expected: 3 Received: 2",
    ),
    "java": (JAVA, 'Caused by: java.lang.NumberFormatException: For input string: "x1"'),
    "java without a cause": (
        JAVA.partition("Caused")[0],
        'Exception in thread "main" java.lang.IllegalStateException: bad prices',
    ),
    "rustc": (RUSTC, "error[E0308]: mismatched types --> src/main.rs:1:25"),
    "cargo test": (
        CARGO_TEST,
        "thread 'tests::prices' panicked at src/lib.rs:3:9: assertion `left == right` failed left: 2 right: 3",
    ),
    "go test": (GO_TEST, "shop_test.go:7: got 2, want 3"),
    "go test without words": ("--- FAIL: TestPrice (0.00s)\nFAIL\n", "--- FAIL: TestPrice (0.00s)"),
    "go's panic": (GO_PANIC, "panic: runtime error: index out of range [3] with length 3"),
    "npm": (NPM, "npm ERR! ERESOLVE unable to resolve dependency tree"),
    "npm without words": (
        "> shop@1.0.0 test\n> node x.js\n\nnpm ERR! Test failed.  See above for more details.\n",
        "npm ERR! Test failed. See above for more details.",
    ),
    "gcc, by make": (GCC, "shop.c:4:10: error: \u2018eggs\u2019 undeclared (first use in this function)"),
    "ld": (
        "/usr/bin/ld: a.o: undefined reference to `f'\ncollect2: error: ld returned 1 exit status\n",
        "/usr/bin/ld: a.o: undefined reference to `f'",
    ),
    "cmake": (
        "CMake Error at CMakeLists.txt:3 (find_package):\n  No package Nope\n\n-- Configuring incomplete, errors occurred!\n",
        "CMake Error at CMakeLists.txt:3 (find_package): No package Nope -- Configuring incomplete, errors occurred!",
    ),
    "javac": ("Main.java:1: error: ';' expected\n  int x\n       ^\n1 error\n", "Main.java:1: error: ';' expected"),
    "tsc": (
        "src/a.ts(3,5): error TS2322: Type 'string' is not assignable.\n",
        "src/a.ts(3,5): error TS2322: Type 'string' is not assignable.",
    ),
    "tsc for people": ("src/a.ts:3:5 - error TS2322: No.\n\nFound 1 error.\n", "src/a.ts:3:5 - error TS2322: No."),
    "mypy": (
        'a.py:3: error: Name "x" is not defined  [name-defined]\nFound 1 error in 1 file\n',
        'a.py:3: error: Name "x" is not defined [name-defined]',
    ),
    "ruff": (
        "I001 [*] Import block is un-sorted\n --> a.py:1:1\n  |\n1 | import b\n\nFound 1 error.\n",
        "I001 [*] Import block is un-sorted --> a.py:1:1",
    ),
    "ruff in brief": (
        "a.py:1:8: F401 [*] `os` imported but unused\nFound 1 error.\n",
        "a.py:1:8: F401 [*] `os` imported but unused",
    ),
    "eslint": (ESLINT, "1:7 error 'eggs' is assigned a value but never used no-unused-vars"),
    "eslint's summary": ("\u2716 3 problems (3 errors, 0 warnings)\n", "\u2716 3 problems (3 errors, 0 warnings)"),
    "pre-commit": (PRE_COMMIT, "subject is 82 characters, at most 72 allowed"),
    "git": (
        "fatal: not a git repository (or any of the parent directories): .git\n",
        "fatal: not a git repository (or any of the parent directories): .git",
    ),
    "git rebase": (GIT_REBASE, "CONFLICT (content): Merge conflict in shop.py"),
    "bash": ("starting\nbash: line 1: frob: command not found\n", "bash: line 1: frob: command not found"),
    "sh": ("x.sh: 3: frob: not found\nmake: *** [all] Error 127\n", "x.sh: 3: frob: not found"),
    "make alone": ("make: *** [x] Error 1\n", "make: *** [x] Error 1"),
    "make has no rule": (
        "make: *** No rule to make target 'x'.  Stop.\n",
        "make: *** No rule to make target 'x'. Stop.",
    ),
    "pip in docker": (PIP_IN_DOCKER, "ERROR: No matching distribution found for nope==1.0"),
    "a container": ("api-1  | ValueError: bad\napi-1 exited with code 1\n", "ValueError: bad"),
    "a log": ("INFO start\n12:00:01 ERROR [shop] no price\n12:00:02 INFO end\n", "12:00:01 ERROR [shop] no price"),
    "words of failing": ("container db-1 is unhealthy\nbye\n", "container db-1 is unhealthy"),
    "the last line": ("hello\nboom\n" + "\u2500" * 30 + "\n45%|####      | 45/100\n.....\n", "boom"),
    "colours": ("\x1b[31mValueError: red\x1b[0m\n", "ValueError: red"),
    "a line that was written over": ("10%\rloading\rValueError: late\n99%\r\n", "ValueError: late"),
    "noise alone": ('  File "x.py", line 3, in f\n    at foo (x.js:1:2)\n====\n....F [ 50%]\n 50%\n\n100\n', ""),
}


@pytest.mark.parametrize(("output", "told"), EXAMPLES.values(), ids=EXAMPLES)
def test_the_line_that_tells_most_is_taken(output, told):
    assert told == telling_line(output)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            '2029-03-13T08:02Z api-7f {"level":50,"err":{"type":"TypeError","message":"Can not read \\"name\\"","stack":"x"}}',
            'TypeError: Can not read "name"',
        ),
        (
            '{"level": "error", "msg": "dial tcp: connection refused", "caller": "x.go:1"}',
            "ERROR dial tcp: connection refused",
        ),
        ('{"severity":"ERROR","message":"queue is full\\nretry later"}', "ERROR queue is full retry later"),
        ('got {"a": 1}, wanted {"a": 2}', 'got {"a": 1}, wanted {"a": 2}'),
    ],
)
def test_a_log_in_json_is_read_as_one_in_words(line, told):
    rest = '{"level":"info","msg":"listening on 8080"}'
    assert told == telling_line(f"{line}\n{rest}" if "level" in line else line)


def test_the_reason_stands_before_the_line_or_alone():
    assert "exit status 1: ValueError: bad" == telling_line("ValueError: bad\n", "exit status 1")
    assert "ended by SIGTERM" == telling_line("\n....\n", "ended by SIGTERM")
    assert "" == telling_line("")


def test_several_kinds_of_failure_give_a_line_each_the_most_telling_first():
    output = "KeyError: 'a'\nFAILED tests/x.py::f - assert 1 == 2\nValueError: bad\nmake: *** [all] Error 1\n2 failed"
    found = ["ValueError: bad", "FAILED tests/x.py::f - assert 1 == 2"]
    assert found == telling_lines(output, 2)
    assert [*found, "2 failed"] == telling_lines(output, 9)
    assert ["all is lost"] == telling_lines("all is lost\n", 3)
    assert ["make: *** [all] Error 1"] == telling_lines("make: *** [all] Error 1\n", 3)
    assert [] == telling_lines("", 3)


def test_a_long_line_is_cut_between_words():
    secret = "gh" + "p_" + "a1" * 18
    told = telling_line(f"error: {'word ' * 54}token={secret} denied")
    assert told.endswith("word\u2026")
    assert len(telling_line("error: " + "word " * 1000)) <= 300


LINES = [line for output, _ in EXAMPLES.values() for line in output.splitlines()]
any_line = (
    st.sampled_from(LINES)
    | st.text(st.characters())
    | st.text(st.sampled_from("=_-.:E1 %>|[]()\t\x1b\r\0\x85\u2028\u202e"))
)
any_output = st.lists(any_line, max_size=12).map("\n".join) | st.binary().map(
    lambda raw: raw.decode("utf-8", "replace")
)


@given(any_output, st.sampled_from(["", "exit status 1"]))
def test_any_output_gives_one_harmless_short_line(output, reason):
    told = telling_line(output, reason)
    assert told.startswith(reason)
    assert len(told) <= 300
    assert not [one for one in told if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]


@pytest.mark.parametrize(
    "part", ["=", "a.", "ing ", "0x", "ERROR ", "*** [", "E  ", "\x1b]", "Error: ", "\n", "x\n", "AA::"]
)
def test_a_huge_output_gives_one_short_line(part):
    assert len(telling_line(part * 1_000_000)) <= 300
