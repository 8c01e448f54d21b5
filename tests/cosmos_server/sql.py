"""The grammar of the queries that are known: one SELECT from one container; anything else is refused.

    SELECT [TOP n] [DISTINCT] * | VALUE expression | expression [AS name], ...
    FROM alias [WHERE expression] [ORDER BY expression [ASC|DESC]] [OFFSET n LIMIT n]

Expressions: paths, literals, @parameters, comparisons, AND, OR, NOT, [NOT] IN (...), ?:, +, objects, arrays, functions.
A parsed expression is a function of (document, parameters).
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.cosmos_server.documents import UNDEFINED
from tests.cosmos_server.functions import AGGREGATES, FUNCTIONS, compare
from tests.cosmos_server.wire import Refused

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)"""
    r"""|(?P<param>@\w+)|(?P<sign><=|>=|!=|<>|[=<>(),.{}\[\]*:?+]))"""
)
_COMPARISONS = ("=", "!=", "<>", "<", ">", "<=", ">=")
Expression = Callable[[dict, dict], object]


@dataclass(slots=True)
class Query:
    """A parsed query; `columns` is None for `SELECT *`, and has one unnamed column for `SELECT VALUE`."""

    text: str
    top: Expression | None = None
    distinct: bool = False
    value: bool = False
    columns: list[tuple[str, Expression]] | None = None
    aggregate: str = ""
    where: Expression | None = None
    order: Expression | None = None
    order_text: str = ""
    descending: bool = False
    by_distance: bool = False
    offset: Expression | None = None
    limit: Expression | None = None
    select_text: str = ""
    rest_text: str = ""


def parse(text: str) -> Query:
    """The query. Raises `Refused` (400), quoting what is not known."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text):
        self.text, self.tokens, self.at = text, [], 0
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._error(text[position : position + 20])
            self.tokens.append((found.lastgroup, found[found.lastgroup], found.start(found.lastgroup), found.end()))
            position = found.end()
        self.alias = ""

    def query(self):
        result = Query(self.text)
        self._need("select")
        if self._word("top"):
            result.top = self._primary()
        start = self._position()
        result.distinct = self._word("distinct")
        result.value = self._word("value")
        self._columns(result)
        result.select_text = self.text[start : self._position()].strip()
        self._need("from")
        alias = self._take("word")
        if self.alias and alias != self.alias:
            raise self._error(alias)
        self.alias = alias
        start = self._position()
        if self._word("where"):
            result.where = self._expression()
        if self._word("order"):
            self._order(result)
        if self._word("offset"):
            result.offset = self._primary()
            self._need("limit")
            result.limit = self._primary()
        result.rest_text = self.text[start:].strip()
        if self.at < len(self.tokens):
            raise self._error(self.tokens[self.at][1])
        return result

    def _columns(self, result):
        if self._sign("*"):
            return
        aggregate = self.tokens[self.at][1].upper() if self.at < len(self.tokens) else ""
        if result.value and aggregate in AGGREGATES:
            result.aggregate = aggregate
            self.at += 1
            self._need("(")
            result.columns = [("", self._expression())]
            self._need(")")
            return
        result.columns = []
        while True:
            start = self._position()
            expression = self._expression()
            plain = self.text[start : self._position()].strip()
            name = self._take("word") if self._word("as") else plain.rpartition(".")[2]
            result.columns.append((name, expression))
            if not self._sign(","):
                return

    def _order(self, result):
        self._need("by")
        start = self._position()
        result.by_distance = self._peek().lower() == "vectordistance"
        result.order = self._expression()
        result.order_text = self.text[start : self._position()].strip()
        result.descending = self._word("desc")
        if not result.descending:
            self._word("asc")
        if self._sign(","):
            raise self._error("more than one ORDER BY expression")

    def _expression(self):
        condition = self._any()
        if not self._sign("?"):
            return condition
        yes = self._expression()
        self._need(":")
        no = self._expression()
        return lambda doc, params: yes(doc, params) if condition(doc, params) is True else no(doc, params)

    def _any(self):
        parts = [self._all()]
        while self._word("or"):
            parts.append(self._all())
        if len(parts) == 1:
            return parts[0]
        return lambda doc, params: any(part(doc, params) is True for part in parts)

    def _all(self):
        parts = [self._not()]
        while self._word("and"):
            parts.append(self._not())
        if len(parts) == 1:
            return parts[0]
        return lambda doc, params: all(part(doc, params) is True for part in parts)

    def _not(self):
        if self._word("not"):
            negated = self._not()
            return lambda doc, params: {True: False, False: True}.get(negated(doc, params), UNDEFINED)
        return self._comparison()

    def _comparison(self):
        left = self._sum()
        negated = self._word("not")
        if self._word("in"):
            self._need("(")
            choices = [self._expression()]
            while self._sign(","):
                choices.append(self._expression())
            self._need(")")
            return lambda doc, params: (
                any(compare("=", left(doc, params), one(doc, params)) is True for one in choices) != negated
            )
        sign = self._peek()
        if sign not in _COMPARISONS:
            return left
        self.at += 1
        right = self._sum()
        return lambda doc, params: compare(sign, left(doc, params), right(doc, params))

    def _sum(self):
        parts = [self._primary()]
        while self._sign("+"):
            parts.append(self._primary())
        if len(parts) == 1:
            return parts[0]
        return lambda doc, params: sum(part(doc, params) for part in parts)

    def _primary(self):
        if self._sign("("):
            inner = self._expression()
            self._need(")")
            return inner
        if self._sign("{"):
            return self._object()
        if self._sign("["):
            return self._array()
        kind, token = self.tokens[self.at][:2] if self.at < len(self.tokens) else ("end", "the end")
        self.at += 1
        if kind == "number":
            number = json.loads(token)
            return lambda doc, params: number
        if kind == "text":
            literal = json.loads(token) if token[0] == '"' else token[1:-1].replace("\\'", "'").replace("\\\\", "\\")
            return lambda doc, params: literal
        if kind == "param":
            return lambda doc, params: params[token]
        if kind != "word":
            raise self._error(token)
        if token.lower() in ("true", "false", "null"):
            constant = json.loads(token.lower())
            return lambda doc, params: constant
        return self._call(token) if self._sign("(") else self._path(token)

    def _call(self, name):
        function = FUNCTIONS.get(name.upper())
        if function is None:
            raise self._error(f"{name}()")
        arguments = []
        while not self._sign(")"):
            arguments.append(self._expression())
            self._sign(",")
        return lambda doc, params: function(*(argument(doc, params) for argument in arguments))

    def _path(self, alias):
        if self.alias and alias != self.alias:
            raise self._error(alias)
        self.alias = alias
        names = []
        while True:
            if self._sign("."):
                names.append(self._take("word"))
            elif self._sign("["):
                names.append(self._take("text")[1:-1])
                self._need("]")
            else:
                return lambda doc, params: _reached(doc, names)

    def _object(self):
        members = []
        while not self._sign("}"):
            name = self._take("text")[1:-1]
            self._need(":")
            members.append((name, self._expression()))
            self._sign(",")

        def made(doc, params):
            values = ((name, expression(doc, params)) for name, expression in members)
            return {name: value for name, value in values if value is not UNDEFINED}

        return made

    def _array(self):
        members = []
        while not self._sign("]"):
            members.append(self._expression())
            self._sign(",")
        return lambda doc, params: [member(doc, params) for member in members]

    def _peek(self):
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _position(self):
        return self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.text)

    def _word(self, word):
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "word" and self._peek().lower() == word:
            self.at += 1
            return True
        return False

    def _sign(self, sign):
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "sign" and self._peek() == sign:
            self.at += 1
            return True
        return False

    def _need(self, token):
        if self._peek().lower() != token:
            raise self._error(self._peek() or "the end")
        self.at += 1

    def _take(self, kind):
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != kind:
            raise self._error(self._peek() or "the end")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def _error(self, near):
        return Refused(400, f"Syntax error, or not known to this test server, near {near!r} in: {self.text}")


def _reached(doc, names):
    for name in names:
        if not isinstance(doc, dict) or name not in doc:
            return UNDEFINED
        doc = doc[name]
    return doc
