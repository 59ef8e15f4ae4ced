"""A merchant's back end in Python (3.9 or later), with its standard library and, to verify webhooks, `standardwebhooks` from
PyPI. The price is the back end's own: no browser names it. Nor does a browser say what is paid: the back end is told, and asks
about what it was not told of; it delivers once.

    python3 backend.py open CART             opens a deal for a cart and prints the order's number; with PAY_URL, and
                                             PAY_KEY=wpk_…  auth.mode api_key: calls toPay itself
                                             PAY_SECRET=…   auth.mode signed: makes an offer that a page carries
    python3 backend.py listen                takes webhooks, with PAY_WEBHOOK_SECRET and PAY_DELIVERED, a folder of its own
    python3 backend.py deliver ORDER CART    asks, with PAY_URL, PAY_READ_KEY (of scope read) and PAY_DELIVERED
    python3 backend.py vector                the signature of the full example in config/README.md
"""

import hashlib
import hmac
import http.server
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request

from standardwebhooks import Webhook, WebhookVerificationError

DEAL = {"merchant_id": "12", "product_id": "34", "price": "19.90", "description": "红茶 2 盒"}
SIGNED = ["merchant_id", "product_id", "price", "timestamp", "nonce", "description", "reference", "return_url", "cancel_url",
          "trade_type", "openid", "account"]


def sign(secret, offer):
    text = "\n".join(["v2"] + [offer.get(name, "") for name in SIGNED])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def offer(secret, deal):
    """What the page gets, to post it as it is: values are texts, so that nothing rewrites 19.90 as 19.9."""
    unsigned = dict(deal, version="v2", timestamp=str(int(time.time())), nonce=secrets.token_hex(16))
    return dict(unsigned, signature=sign(secret, unsigned))


def call(name, body, key, **headers):
    headers["Content-Type"] = "application/json"
    if key:
        headers["Authorization"] = "Bearer " + key
    request = urllib.request.Request(os.environ["PAY_URL"] + "/wxPay/" + name, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as refused:
        told = json.load(refused)
    if told["code"] != 0:
        raise SystemExit("%s %s" % (told["reason"], told.get("detail", "")))
    return told


def open_deal(cart):
    """A cart has one Idempotency-Key: a call whose answer was lost is repeated under it, and gives the same order."""
    key, deal = os.environ.get("PAY_KEY"), dict(DEAL, reference=cart)
    body = deal if key else offer(os.environ["PAY_SECRET"], deal)
    return call("toPay", body, key, **{"Idempotency-Key": cart})["order_id"]  # code_url[0] is to be drawn as a QR code


def deliver(order, cart):
    """For carts of which nothing was heard within a minute, such as after an outage of the back end's own."""
    told = call("queryOrder", {"order_id": order}, os.environ["PAY_READ_KEY"])
    if told["trade_state"] != "SUCCESS":
        return told["trade_state"]
    if told.get("reference") != cart:
        raise SystemExit("this order is of another cart")
    return deliver_once(order, cart, told["price"])


def deliver_once(order, cart, price):
    if price != DEAL["price"]:
        raise ValueError("this is not the cart's price")
    try:
        # Only one of many can create it. A back end with a database has a unique column instead, in the transaction that delivers.
        with open(os.path.join(os.environ["PAY_DELIVERED"], order), "x") as mark:
            mark.write(cart)
    except FileExistsError:
        return "delivered before"
    return "delivered"


class Webhooks(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))  # as it came: the signature is over these bytes
        try:
            told = Webhook(os.environ["PAY_WEBHOOK_SECRET"]).verify(body, dict(self.headers))
        except WebhookVerificationError:
            return self.send_error(400)
        deal = told["data"].get("deal")
        if told["type"] == "deal.paid" and deal["reference"]:
            print(deal["order_id"], deliver_once(deal["order_id"], deal["reference"], deal["price"]), flush=True)
        self.send_response(204)  # only now that it is delivered: otherwise it is told again
        self.end_headers()


def listen():
    os.makedirs(os.environ["PAY_DELIVERED"], exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PAY_PORT", 0))), Webhooks)
    print("webhooks at http://127.0.0.1:%d" % server.server_port, flush=True)
    server.serve_forever()


if sys.argv[1:] == ["vector"]:
    full = dict(DEAL, timestamp="1795478400", nonce="5f0c9a1e7b3d4826", reference="A-2026/11 #7",
                return_url="https://shop.example.com/paid?order={order_id}", cancel_url="https://shop.example.com/cart",
                trade_type="NATIVE", openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", account="shop2")
    print(sign("0123456789abcdef0123456789abcdef", full))
else:
    print({"open": open_deal, "deliver": deliver, "listen": listen}[sys.argv[1]](*sys.argv[2:]))
