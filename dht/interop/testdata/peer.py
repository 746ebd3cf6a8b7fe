# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer of python3-opendht: peer.py PORT ACTION KEY [MORE]

    put KEY SIZE      stores random bytes
    get KEY           prints the values
    listen KEY        prints the values that come
    certificate KEY positive|negative
                      publishes a certificate with such a serial number

KEY is a word, or an id in hexadecimal. The peer joins the node at PORT of
127.0.0.1 and prints what it learned. The binding hangs at times when it is taken
down, so the process leaves without doing so.
"""
import hashlib
import os
import ssl
import sys
import threading

import opendht

port, action, key = sys.argv[1:4]
name = opendht.InfoHash(key.encode()) if len(key) == 40 else opendht.InfoHash.get(key)
done = threading.Event()


def say(text):
    print(text, flush=True)


def digest(value):
    return "%d %s" % (len(value.data), hashlib.sha256(value.data).hexdigest())


def negative(certificate):
    """Whether the serial number is: it follows the version."""
    der = ssl.PEM_cert_to_DER_cert(certificate.toString().strip())
    serial = der.index(b"\xa0\x03\x02\x01\x02") + 5
    return der[serial + 2] >= 0x80


runner = opendht.DhtRunner()
identity = opendht.Identity()
if action == "certificate":
    while True:
        identity = opendht.Identity.generate(key)
        if negative(identity.certificate) == (sys.argv[4] == "negative"):
            break
    runner.run(identity)
else:
    runner.run()
runner.bootstrap("127.0.0.1", port)

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
elif action == "certificate":
    say(identity.publickey.getId().toString().decode())
done.wait(60)
os._exit(0)
