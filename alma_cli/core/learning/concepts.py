"""Which words developers use for the same thing, which for opposites, and which for different things of one kind.

A concept is a word's root, or the first of its synonyms. The tables are data; what they don't know counts as
different. English only: words of other languages are compared as they are.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from alma_cli.core.scopes.recognition import stem


@lru_cache(maxsize=8192)
def root(word: str) -> str:
    """The stem, with British spellings as American ones."""
    return _IRREGULAR.get(word) or _ISE.sub("iz", stem(word.removesuffix("'s").removesuffix("'")))


def concept(word: str) -> str:
    """What a word or root counts as: the first of its synonyms."""
    return SYNONYMS.get(word, word)


@lru_cache(maxsize=8192)
def opposites(word: str) -> frozenset[str]:
    """The opposites of a concept: by the table, or because one is the other with a prefix such as `un`."""
    negated = {prefix + word for prefix in _NEGATING_PREFIXES} if len(word) >= _LEAST_NEGATED else set()
    affirmed = {word.removeprefix(prefix) for prefix in _NEGATING_PREFIXES if word.startswith(prefix)}
    return _OPPOSITES.get(word, frozenset()) | negated | {other for other in affirmed if len(other) >= _LEAST_NEGATED}


def rivals(word: str) -> frozenset[str]:
    """The other things of the same kind as a concept, such as the other browsers."""
    return _RIVALS.get(word, frozenset())


def misspelt(a: str, b: str) -> bool:
    """Whether two long words differ by a letter left out, doubled or swapped, or by a vowel, after the same start."""
    if min(len(a), len(b)) < 6 or abs(len(a) - len(b)) > 1 or a[0] != b[0]:
        return False
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) != len(b):
        shorter, longer = sorted((a[at:], b[at:]), key=len)
        return shorter == longer[1:]
    vowels = a[at] in _VOWELS and b[at] in _VOWELS and a[at + 1 :] == b[at + 1 :]
    swapped = a[at : at + 2] == b[at : at + 2][::-1] and a[at + 2 :] == b[at + 2 :]
    return vowels or swapped


def alike(a: str, b: str) -> bool:
    """Whether two concepts may well be the same: near in meaning, or one a misspelling of the other."""
    return b in _NEAR.get(a, ()) or misspelt(a, b)


def _roots(words: str) -> list[str]:
    return [root(word) for word in words.split()]


def _rows(table: str) -> list[list[str]]:
    return [_roots(line) for line in table.strip().splitlines()]


def _others(groups: Iterable[Iterable[str]]) -> dict[str, frozenset[str]]:
    """For each concept the others of its groups."""
    found: dict[str, frozenset[str]] = {}
    for group in groups:
        concepts = frozenset(map(concept, group))
        for word in concepts:
            found[word] = found.get(word, frozenset()) | concepts - {word}
    return found


_VOWELS = frozenset("aeiouy")
_ISE = re.compile(r"is$(?<=[a-z]{4}is)")
_LEAST_NEGATED = 3
"""Letters of a word that a prefix can negate."""
_NEGATING_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "de", "non", "mis", "a")

_IRREGULAR = {
    past: stem(verb)
    for verb, *pasts in map(
        str.split,
        """
write wrote written
run ran
take took taken
send sent
make made
get got gotten
keep kept
find found
build built rebuilt
choose chose chosen
tell told
give gave given
go went gone
break broke broken
lose lost
hide hidden hid
begin began begun
hold held
leave left
bring brought
catch caught
think thought
freeze froze frozen
say said
pay paid
throw threw thrown
draw drew drawn
feed fed
fall fell fallen
grow grew grown
know knew known
rerun reran
explain explanation
decide decision
fail failure failures
normalize normalization
analyze analysis
deliver delivery deliveries
expire expiry expiration
submit submission submissions
remove removal
reservation booking bookings
""".strip().splitlines(),
    )
    for past in pasts
}

FUNCTION_WORDS = frozenset(
    _roots("""
    a an the this that these those it its is are was were be been being am do does did done have has had having i me
    my we us our you your he she they them their who which what whom whose there here and or but so if as at in on
    of for out about between through during under against per via can could may might must shall should will would
    want wants wanted need needs needed also just only all any each every some one ones own other both very same
    still already always when whenever while where how why because since than until till once again please now too
    even use used using make makes made making let give gave put get gets got keep go goes went way case rather
    thing stuff by whether well within
    """)
)
"""Words that say nothing of what is done; the order words among the prepositions are kept."""

PHRASES = {
    tuple(root(word) for word in phrase.split()): root(concept)
    for phrase, concept in (
        line.rsplit(" = ", 1)
        for line in """
turn on = enable
turned on = enable
switch on = enable
turn off = disable
switch off = disable
get rid of = remove
take off = remove
prior to = before
ahead of = before
look at = read
looked at = read
look up = get
look for = search
search for = search
set up = configure
clean up = refactor
tidy up = refactor
roll out = deploy
rolled out = deploy
roll back = revert
go back to = revert
log in = login
sign in = login
log out = logout
sign out = logout
sign up = signup
make sure = check
find out = investigate
track down = investigate
work out = calculate
figure out = investigate
speed up = accelerate
split up = split
break up = split
break down = split
fill in = fill
back up = backup
hand over = transfer
hand off = transfer
shut down = stop
shut off = stop
pass on = transfer
instead of = instead
rather than = instead
end to end = e2e
two factor authentication = 2fa
two factor auth = 2fa
multi factor authentication = 2fa
non stop = nonstop
one stop = onestop
nav bar = navbar
navigation bar = navbar
e mail = email
data base = database
pull request = pr
merge request = pr
environment variable = envvar
env var = envvar
at the same = concurrent
in parallel = parallel
in the background = background
time out = timeout
run time = runtime
code base = codebase
check out = checkout
mono repo = monorepo
can not = not
no longer = not
carry on = continue
lock file = lockfile
customer want = me
customer want to = me
user want to = me
passenger want to = me
customer ask to = me
passenger ask to = me
back end = backend
front end = frontend
re run = rerun
one by one = sequential
one after the other = sequential
one after another = sequential
at least = minimum
at most = maximum
up to = maximum
more than = above
less than = below
test id = testid
drop down = dropdown
""".strip().splitlines()
    )
}

SYNONYMS = {
    word: group[0]
    for group in _rows("""
not no never don't doesn't didn't won't can't cannot couldn't shouldn't isn't aren't wasn't
not without avoid non skip bypass dont except nor neither omit ignore
before beforehand
then next afterwards finally subsequently
check verify validate validation verification test testing assert assertion ensure confirm inspect examine cover
fix repair resolve solve correct stabilize address handle bugfix
investigate debug diagnose troubleshoot analyze why cause
write create build implement add generate produce author introduce define new develop provide insert
remove delete erase drop purge eliminate strip discard clear wipe rm
change modify alter edit update adjust amend
upgrade bump
increase raise longer larger bigger higher more greater extend enlarge grow widen
decrease reduce lower shorter smaller less fewer shrink cut minimize
accelerate fast faster quick quicker improve optimize optimization performance speedup
slow slower
show display render reveal
hide conceal
start launch begin boot startup
stop halt kill terminate shutdown
enable activate
disable deactivate
allow permit
deny forbid disallow block prohibit refuse decline reject
run execute execution
deploy ship release publish deployment
revert undo rollback
get fetch retrieve obtain
read view look inspect
store save persist
search find locate seek
send deliver dispatch
ask prompt
transfer forward escalate
mock stub fake
retry repeat reattempt rerun
wait poll await
click press tap
select pick choose
split divide separate extract
merge combine join
move migrate port migration shift relocate
convert transform rewrite
copy duplicate clone
pin lock freeze
login authenticate signin
logout signout
signup register registration
envvar env
database db
repository repo
configuration config configure setup provision
environment env
documentation docs doc document
directory folder
dependency package library
function method
parameter argument param
fail error exception
flaky intermittent unstable nondeterministic intermittently
bug issue defect problem
application app
authentication auth
plane flight trip
nonstop direct
refund reimburse
baggage bag luggage
agent representative
cheap cheapest lowest
expensive priciest dearest
price cost fare
email mail
request call
response reply answer
parallel concurrent concurrently simultaneous simultaneously
async asynchronous asynchronously
sync synchronous synchronously
sequential sequentially serially
large big huge
small little tiny
empty blank
invalid malformed incorrect wrong bad
duplicate duplicated
limit throttle restrict cap
maximum max most
minimum min least
batch chunk
column field
record row
picture image
delay late
identity id identifier
number count
verbose detailed
website site
page screen
old outdated stale obsolete
first initially
last final latest newest
log logging logs
explain describe tell told
offer propose
compensation compensate
wrap surround
restore recover
secret credential
clean sanitize sanitise
accessible accessibility a11y
composite compound
flaky unstable intermittent
compare diff
regenerate recreate rebuild
payload body
refund refundable
reliable stable
format formatting
reproduce repro
toggle flag
""")
    for word in group
}

_NEAR = _others(
    _rows("""
read check
write configure
configure set
replace rotate
renew rotate
replace swap
replace switch
replace change
ask request
ask get
async background
fix handle
fix deal
limit maximum
upgrade update
upgrade change
check review
check audit
review audit
copy duplicate
move transfer
run use
read investigate
check investigate
log logs
suite run
scan check
search query
search get
build compile
write put
store keep
remove refactor
""")
)
"""Verbs that may stand for each other without meaning the same everywhere."""

LIGHT = frozenset(
    _roots("""
    set take put apply perform new another whole entire different together first then time again properly correctly
    work own respective current existing way part hit iterate process straight directly several simple simply good
    item everything anything something
    """)
)
"""Words whose difference says little."""

NEGATIONS = frozenset(["not"])
ORDER_WORDS = frozenset(["then", "befor", "after", "to", "into", "onto", "from", "with", "over", "instead", ","])
"""Words that say in which order, or in which direction."""

NEGATIVE = frozenset(
    map(
        concept,
        _roots("""
    deny prevent fail lose lack miss invalid disable remove stop hide exclude missing unable forget impossible
    broken nonrefundable blocked
    """),
    )
)
"""Concepts that negate by themselves: "refuse" may say what "not allow" says."""

_OPPOSITES: dict[str, frozenset[str]] = {}
for _row in """
enable | disable
on | off
up | down
in | out
add write append | remove subtract
attach | detach
increase | decrease
long | short
large | small
high | low
many | few
above | below
first | last
before | after
start begin open | stop end finish close
open | close shut
allow grant accept approve | deny revoke
lock pin | unlock unpin
sync | async
upgrade | downgrade
client frontend | server backend
read | write
input inbound incoming | output outbound outgoing
show expand | hide collapse
expand | collapse
push | pull
push | pop
import | export
upload | download
encrypt encode | decrypt decode
compress zip | decompress unzip
public | private
parallel concurrent | sequential serial
asc ascending | desc descending
valid correct | invalid
success pass positive succeed | error negative
optimistic | pessimistic
lazy shallow | eager full deep
headless | headed headful
global globally | local locally
temporary | permanent
static | dynamic
cheap | expensive
early earlier earliest | late later latest delay last
appear | disappear
merge join | split
mobile | desktop
primary master leader | replica secondary follower
login | logout
outbound | return
empty | full
full | partial
new newest | old oldest
accelerate | slow
horizontal horizontally | vertical vertically
left | right
top | bottom
inner internal | outer external
include | exclude
internal | external
source | target destination
sender | receiver recipient
max maximum | min minimum
manual manually | automatic automatically automate
strict | loose lenient relaxed
hot | cold
hard | soft
online | offline
ancestor parent | child descendant
always | never
stateful | stateless
blocking | nonblocking
local | remote
sum | difference
buy | sell
arrival arrive | departure depart
domestic | international
optional | required mandatory
mutable | immutable
weak | strong
acquire | release
revert | deploy
plus | minus
true | false
inherit | compose
wait | sleep
commit | revert
anonymous guest | authenticated
morning | evening
""".strip().splitlines():
    _left, _right = (frozenset(map(concept, _roots(side))) for side in _row.split(" | "))
    for _here, _there in ((_left, _right), (_right, _left)):
        for _word in _here:
            _OPPOSITES[_word] = _OPPOSITES.get(_word, frozenset()) | _there - {_word}

_RIVALS = _others(
    _rows("""
chrome firefox safari edge webkit chromium opera
mysql postgres postgresql sqlite oracle mariadb mongodb redis cassandra dynamodb duckdb
production staging development local sandbox
aws azure gcp
react angular vue svelte
python java javascript typescript ruby rust bash perl kotlin swift php
json xml yaml csv toml pdf excel html
get post patch delete put head
github gitlab bitbucket jenkins circleci
linux windows macos
android ios
nginx apache caddy
django flask fastapi rails spring
jest mocha pytest vitest junit
cypress playwright selenium puppeteer
login signup checkout logout
header body query cookie path
monday tuesday wednesday thursday friday saturday sunday
january february march april june july august september october november december
english german french spanish italian japanese chinese
economy business
rebase merge cherry-pick
bcrypt argon2 md5 sha256 sha1 scrypt
s3 gcs
xss csrf
name address phone email password username
kafka rabbitmq sqs
npm yarn pnpm
admin guest
credit gift certificate voucher
hour day week month year
rest graphql grpc
unit integration e2e
""")
)
