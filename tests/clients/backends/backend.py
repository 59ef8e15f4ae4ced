"""A merchant's back end in Python (3.8 or later), with nothing but its standard library. The price is the back end's own:
no browser names it. Prints the number of the order that it opened.

    PAY_URL=http://127.0.0.1:8360 PAY_KEY=wpk_… python3 backend.py      auth.mode api_key: calls toPay itself
    PAY_URL=http://127.0.0.1:8360 PAY_SECRET=…  python3 backend.py      auth.mode signed: makes an offer that a page carries
    python3 backend.py vector                                           the signature of the example in config/README.md
"""

import hashlib
import hmac
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request


def sign(secret, merchant_id, product_id, price, timestamp, nonce):
    text = "\n".join(["v1", merchant_id, product_id, price, timestamp, nonce])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def offer(secret, merchant_id, product_id, price):
    """What the page gets, to post it as it is: values are texts, so that nothing rewrites 19.90 as 19.9."""
    timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
    signature = sign(secret, merchant_id, product_id, price, timestamp, nonce)
    return {"merchant_id": merchant_id, "product_id": product_id, "price": price,
            "timestamp": timestamp, "nonce": nonce, "signature": signature}


def to_pay(body, attempt, key=None):
    """The same attempt (a cart, say) has the same Idempotency-Key: a call whose answer was lost is repeated under it."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": attempt}
    if key:
        headers["Authorization"] = "Bearer " + key
    request = urllib.request.Request(os.environ["PAY_URL"] + "/wxPay/toPay", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as refused:
        told = json.load(refused)
    if told["code"] != 0:
        raise SystemExit("%s %s" % (told["reason"], told.get("detail", "")))
    return told  # code_url[0] is the link to draw as a QR code


if sys.argv[1:] == ["vector"]:
    print(sign("0123456789abcdef0123456789abcdef", "12", "34", "19.90", "1795478400", "5f0c9a1e7b3d4826"))
else:
    key = os.environ.get("PAY_KEY")
    bare = {"merchant_id": "12", "product_id": "34", "price": "19.90"}
    body = bare if key else offer(os.environ["PAY_SECRET"], "12", "34", "19.90")
    print(to_pay(body, secrets.token_hex(16), key)["order_id"])
