"""kazoo: basics, watches, locks, elections, queues, counters, transactions. Prints what it saw as one JSON object."""
import json, sys, threading
from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.security import make_digest_acl

seen = {}
zk = KazooClient(hosts=sys.argv[1], timeout=10)
other = KazooClient(hosts=sys.argv[1], timeout=10)
zk.start(20)
other.start(20)


def see(what, call):
    try:
        seen[what] = call()
    except KazooException as error:
        seen[what] = type(error).__name__


def brief(stat):
    return [stat.version, stat.cversion, stat.aversion, stat.dataLength, stat.numChildren, stat.ephemeralOwner != 0]


see("create", lambda: zk.create("/k", b"one"))
see("again", lambda: zk.create("/k", b"one"))
see("parents", lambda: zk.create("/deep/down/here", b"x", makepath=True))
see("sequence", lambda: [zk.create("/k/s-", b"", sequence=True) for _ in range(3)])
see("ephemeral", lambda: zk.create("/k/e", b"", ephemeral=True))
see("get", lambda: (lambda data, stat: [data.decode(), brief(stat)])(*zk.get("/k")))
see("set", lambda: brief(zk.set("/k", b"two", version=0)))
see("bad version", lambda: brief(zk.set("/k", b"two", version=0)))
see("missing", lambda: zk.get("/nothing"))
see("children", lambda: sorted(zk.get_children("/k")))
see("not empty", lambda: zk.delete("/k"))
see("ensure path", lambda: zk.ensure_path("/deep/down/there"))

events, arrived = [], threading.Event()


def watch(event):
    events.append([event.type, event.path])
    arrived.set()


zk.get("/k", watch=watch)
other.set("/k", b"three")
arrived.wait(10)
arrived.clear()
zk.get_children("/k", watch=watch)
other.create("/k/more")
arrived.wait(10)
arrived.clear()
zk.exists("/future", watch=watch)
other.create("/future")
arrived.wait(10)
seen["events"] = events

t = zk.transaction()
t.create("/t", b"1")
t.set_data("/t", b"2")
t.check("/t", 1)
t.delete("/t")
seen["transaction"] = [type(r).__name__ for r in t.commit()]
t = zk.transaction()
t.create("/t", b"1")
t.check("/k", 99)
seen["failing transaction"] = [type(r).__name__ for r in t.commit()]
see("nothing stayed", lambda: zk.exists("/t"))

zk.add_auth("digest", "ann:secret")
see("protected", lambda: zk.create("/protected", b"x", acl=[make_digest_acl("ann", "secret", all=True)]))
see("stranger", lambda: other.get("/protected"))

counter, lock, order = zk.Counter("/counter"), [zk.Lock("/lock", "a"), other.Lock("/lock", "b")], []


def work(mine, name):
    for _ in range(5):
        with mine:
            order.append(name)


threads = [threading.Thread(target=work, args=(l, n)) for l, n in zip(lock, "ab")]
[th.start() for th in threads]
[th.join(30) for th in threads]
seen["lock"] = sorted(order)
for _ in range(3):
    counter += 1
seen["counter"] = counter.value
queue = zk.Queue("/queue")
for item in (b"1", b"2", b"3"):
    queue.put(item)
seen["queue"] = [queue.get().decode() for _ in range(3)]
won = threading.Event()
election = other.Election("/election", "b")
thread = threading.Thread(target=lambda: election.run(won.set))
thread.start()
seen["elected"] = won.wait(10)
thread.join(10)
see("delete tree", lambda: zk.delete("/k", recursive=True))
see("gone", lambda: zk.exists("/k"))
see("four letters", lambda: zk.command(b"ruok"))
zk.stop()
other.stop()
print(json.dumps(seen))
