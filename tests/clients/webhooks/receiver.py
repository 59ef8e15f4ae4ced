"""Takes webhooks and judges them by Standard Webhooks' own library for Python. Says a line of each:

    deal.paid evt_… 1 20261127053935156215726822715127        type, id, number of signatures, order
"""

import http.server
import os

from standardwebhooks import Webhook, WebhookVerificationError

NOW, NEXT = (Webhook(os.environ[name]) for name in ("SECRET", "NEXT_SECRET"))


def verifies(secret, body, headers):
    try:
        return secret.verify(body, headers)
    except WebhookVerificationError:
        return None


def judge(body, headers):
    told, signatures = verifies(NOW, body, headers), headers["webhook-signature"].split(" ")
    assert told, "it is not signed with the secret"
    assert bool(verifies(NEXT, body, headers)) == (len(signatures) == 2), "the next secret's signature"
    assert not verifies(NOW, body.replace(b'"', b"'", 1), headers), "another body passes"
    assert not verifies(NOW, body, dict(headers, **{"webhook-id": "evt_0"})), "another id passes"
    later = str(int(headers["webhook-timestamp"]) + 1)
    assert not verifies(NOW, body, dict(headers, **{"webhook-timestamp": later})), "another time passes"
    order = told["data"]["deal"]["order_id"]
    return "%s %s %d %s" % (told["type"], headers["webhook-id"], len(signatures), order)


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            said, status = judge(self.rfile.read(int(self.headers["content-length"])), {k.lower(): v for k, v in self.headers.items()}), 204
        except AssertionError as wrong:
            said, status = "WRONG: %s" % wrong, 400
        print(said, flush=True)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
