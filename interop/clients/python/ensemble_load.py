"""
kazoo as the load of an ensemble: sessions that write, compare-and-set, and read after a sync a few registers, and one that keeps a
ledger of nodes made and deleted. Each session owns an ephemeral node.

    ensemble_load.py HOSTS ROOT SESSIONS SESSION_TIMEOUT_S

Commands come on standard input, a line each, and each is answered by a line of JSON:
    tell              how many operations were acknowledged, which sessions live, what was lost
    rest              no further operations are begun; answers when the last one has ended
    go                operations begin again
    end HISTORY_FILE  rests, and writes all operations to the file, a JSON object a line; sessions stay
    close             closes the sessions, and ends
"""
import json, random, sys, threading, time
from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError
from kazoo.protocol.states import KazooState

HOSTS, ROOT, SESSIONS, TIMEOUT = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
REGISTERS = 5
PAUSE_S = 0.004

history, lost, problems = [], [], []
acknowledged = [0] * (SESSIONS + 1)
going, ending, resting = threading.Event(), threading.Event(), [threading.Event() for _ in range(SESSIONS + 1)]
going.set()


class Session:
    def __init__(self, number):
        self.number = number
        self.breaks = 0
        self.server = ""
        self.client = KazooClient(
            hosts=HOSTS,
            timeout=TIMEOUT,
            connection_retry=dict(max_tries=-1, delay=0.05, backoff=1.5, max_delay=0.4),
        )
        self.client.add_listener(self.changed)
        self.client.start(60)
        self.id = self.client.client_id[0]

    def changed(self, state):
        if state == KazooState.CONNECTED:
            self.server = "%s:%d" % self.client._connection._socket.getpeername()[:2]
        else:
            self.breaks += 1
        if state == KazooState.LOST and not ending.is_set():
            lost.append(self.number)


def record(session, what, call, result):
    history.append(dict(what, client=session.number, server=session.server, call=call, **{"return": time.monotonic_ns()}, **result))
    if result["outcome"] != "unknown":
        acknowledged[session.number] += 1


def attempt(session, what, work, refusals=()):
    """Does one write: it is ok, refused, or nobody knows."""
    call = time.monotonic_ns()
    try:
        result = dict(outcome="ok", **work())
    except refusals:
        result = dict(outcome="refused")
    except Exception as error:
        if type(error).__name__ not in ("ConnectionLoss", "ConnectionClosedError", "SessionExpiredError"):
            problems.append(f"{what}: {type(error).__name__} {error}")
        result = dict(outcome="unknown")
    record(session, what, call, result)
    return result


def write(session, register, count):
    value = f"{session.number}-{count}"
    what = dict(op="set", key=register, value=value)
    attempt(session, what, lambda: dict(version=session.client.set(f"{ROOT}/registers/{register}", value.encode()).version))


def compare_and_set(session, register, count, known):
    value, expected = f"{session.number}-{count}", known.get(register, 0)
    what = dict(op="cas", key=register, value=value, expected=expected)
    path = f"{ROOT}/registers/{register}"
    attempt(
        session,
        what,
        lambda: dict(version=session.client.set(path, value.encode(), version=expected).version),
        (BadVersionError,),
    )


def read(session, register, known):
    """Sync and read, one right behind the other. If the connection broke in between, the read is another server's, and says nothing."""
    path, breaks, call = f"{ROOT}/registers/{register}", session.breaks, time.monotonic_ns()
    try:
        synced, got = session.client.sync_async(path), session.client.get_async(path)
        synced.get(60)
        data, stat = got.get(60)
    except Exception:
        return
    known[register] = stat.version
    if session.breaks == breaks:
        result = dict(outcome="ok", seen=data.decode(), version=stat.version)
        record(session, dict(op="read", key=register), call, result)


def loop(number, turn):
    count = 0
    while not ending.is_set():
        if not going.is_set():
            resting[number].set()
            going.wait(0.05)
            continue
        resting[number].clear()
        turn(count)
        count += 1
        time.sleep(PAUSE_S)
    resting[number].set()


def registers_of(session):
    known, dice = {}, random.Random(session.number)

    def turn(count):
        register, kind = f"r{dice.randrange(REGISTERS)}", dice.random()
        if kind < 0.35:
            write(session, register, count)
        elif kind < 0.55:
            compare_and_set(session, register, count, known)
        else:
            read(session, register, known)

    return turn


def ledger_of(session):
    made = []

    def turn(count):
        if count % 4 == 3 and len(made) > 10:
            path = made.pop(0)
            attempt(session, dict(op="delete", key=path), lambda: session.client.delete(path) and {} or {}, (NoNodeError,))
            return
        path, value = f"{ROOT}/ledger/n{count:06d}", f"v{count}"
        work = lambda: session.client.create(path, value.encode()) and {} or {}
        result = attempt(session, dict(op="create", key=path, value=value), work, (NodeExistsError,))
        if result["outcome"] == "ok":
            made.append(path)

    return turn


def tell():
    sessions = {f"{ROOT}/live/{s.number}": str(s.id) for s in all_sessions}
    return dict(acknowledged=sum(acknowledged), least=min(acknowledged), sessions=sessions, lost=lost, problems=problems[:10])


def rest():
    going.clear()
    for each in resting:
        each.clear()
    for each in resting:
        each.wait(60)


def be_alive(session):
    try:
        session.client.create(f"{ROOT}/live/{session.number}", b"", ephemeral=True)
    except NodeExistsError:
        pass  # by an attempt that wasn't answered


all_sessions = [Session(number) for number in range(SESSIONS + 1)]
first = all_sessions[0].client
for path in ["registers", "ledger", "live", *[f"registers/r{n}" for n in range(REGISTERS)]]:
    first.retry(first.ensure_path, f"{ROOT}/{path}")
for session in all_sessions:
    session.client.retry(be_alive, session)
for session in all_sessions:
    turn = ledger_of(session) if session.number == SESSIONS else registers_of(session)
    threading.Thread(target=loop, args=(session.number, turn), daemon=True).start()
print(json.dumps(tell()), flush=True)

for line in sys.stdin:
    command, *arguments = line.split()
    if command == "rest":
        rest()
    elif command == "go":
        going.set()
    elif command == "end":
        rest()
        with open(arguments[0], "w") as file:
            for entry in history:
                file.write(json.dumps(entry) + "\n")
    elif command == "close":
        ending.set()
        for session in all_sessions:
            session.client.stop()
        print(json.dumps(tell()), flush=True)
        break
    print(json.dumps(tell()), flush=True)
