# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer of python3-opendht: peer.py PORT put|get|listen|certificate KEY [VALUE]

It joins the node at PORT of 127.0.0.1 and prints what it learned. The binding
hangs at times when it is taken down, so the process leaves without doing so.
"""
import hashlib
import os
import sys
import threading

import opendht

port, action, key = sys.argv[1:4]
runner = opendht.DhtRunner()
identity = None
if action == "certificate":
    identity = opendht.Identity.generate(key)
    runner.run(identity)
else:
    runner.run()
runner.bootstrap("127.0.0.1", port)
name = opendht.InfoHash.get(key)
done = threading.Event()


def say(text):
    print(text, flush=True)


def digest(value):
    return "%d %s" % (len(value.data), hashlib.sha256(value.data).hexdigest())


if action == "put":
    value = opendht.Value(os.urandom(int(sys.argv[4])))
    say(digest(value))
    say("put" if runner.put(name, value) else "not put")
elif action == "get":
    for value in runner.get(name):
        say(digest(value))
    say("end")
elif action == "listen":
    runner.listen(name, lambda value, expired: say(digest(value)) or True)
    say("listening")
    done.wait(20)
elif action == "certificate":
    say(identity.publickey.getId().toString().decode())
    done.wait(20)
os._exit(0)
