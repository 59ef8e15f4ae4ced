"""Shows that a real WeChat Pay v2 client, wechatpy from PyPI, can talk to the simulator.

The library is used exactly as against WeChat itself; only the base URL and the
merchant's credentials differ. The base URL of the simulator is taken from SIM_URL.

    SIM_URL=http://127.0.0.1:8361 python python_client.py
"""

import json
import os
import queue
import secrets
import signal
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import xmltodict
from wechatpy.exceptions import InvalidSignatureException, WeChatPayException
from wechatpy.pay import WeChatPay
from wechatpy.pay.utils import dict_to_xml

APPID = "wx0000000000000001"
MCH_ID = "1900000001"
API_KEY = "0123456789abcdef0123456789abcdef"

TOTAL_FEE = 1990
BODY = "腾讯充值中心-QQ会员充值"
# Everything that XML has to escape and the signature must not.
ATTACH = "a&b=<c>\"d'é"
# Less than this would be a hang, not slowness.
PATIENCE = 20
LIFETIME = 90


class SimulatedWeChatPay(WeChatPay):
    """The library, pointed at the simulator."""

    API_BASE_URL = os.environ["SIM_URL"].rstrip("/") + "/"


def new_client(api_key=API_KEY):
    return SimulatedWeChatPay(APPID, api_key, MCH_ID, timeout=PATIENCE)


class NotifyListener:
    """The merchant's notify_url: verifies with the library, answers, keeps what came."""

    def __init__(self, pay):
        self.received = queue.Queue()
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    assert self.path == "/wxPay/notify", self.path
                    message = pay.parse_payment_result(body.decode("utf-8"))
                except Exception as refused:  # handed to the main thread, which reports it
                    answer = {"return_code": "FAIL", "return_msg": "refused"}
                    received.put((body, None, refused))
                else:
                    answer = {"return_code": "SUCCESS", "return_msg": "OK"}
                    received.put((body, message, None))
                # The documented form: compact, values in CDATA.
                reply = dict_to_xml(answer).replace("\n", "").encode("utf-8")
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d/wxPay/notify" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self):
        try:
            body, message, refused = self.received.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("no notification within %d s" % PATIENCE) from None
        assert refused is None, "the library refused the notification: %r\n%s" % (
            refused,
            body.decode("utf-8", "replace"),
        )
        return body.decode("utf-8"), message


def control(method, path):
    """A call beside WeChat's own API: what the payer would do, what the simulator knows."""
    request = urllib.request.Request(
        SimulatedWeChatPay.API_BASE_URL + path,
        method=method,
        data=b"" if method == "POST" else None,
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=PATIENCE) as answer:
        assert 200 <= answer.status < 300, answer.status
        return answer.read().decode("utf-8")


def known_orders():
    listed = json.loads(control("GET", "_sim/orders"))
    if isinstance(listed, dict):
        listed = listed["orders"]
    return {order["out_trade_no"]: order for order in listed}


def new_number():
    return time.strftime("%Y%m%d%H%M%S") + "py" + secrets.token_hex(8)


def verified(pay, answer):
    """wechatpy leaves the signature of an answer to its caller."""
    assert answer.get("sign"), "an answer without a signature: %r" % dict(answer)
    assert pay.check_signature(answer), "signature of an answer: %r" % dict(answer)
    assert answer["appid"] == APPID and answer["mch_id"] == MCH_ID, dict(answer)
    return answer


def create(pay, number, notify_url, attach=ATTACH):
    return pay.order.create(
        trade_type="NATIVE",
        body=BODY,
        total_fee=TOTAL_FEE,
        notify_url=notify_url,
        client_ip="127.0.0.1",
        out_trade_no=number,
        attach=attach,
        product_id="1001",
    )


def refusal(call, *args, **kwargs):
    try:
        answer = call(*args, **kwargs)
    except WeChatPayException as refused:
        assert refused.response.status_code == 200, refused.response.status_code
        if refused.return_code == "SUCCESS":
            # Understood but refused: such an answer is signed like any other.
            verified(new_client(), xmltodict.parse(refused.response.content)["xml"])
        return refused
    raise AssertionError("was not refused: %r" % (answer,))


def paid_order(pay, listener):
    number = new_number()

    answer = verified(pay, create(pay, number, listener.url))
    assert answer["trade_type"] == "NATIVE", dict(answer)
    assert answer["prepay_id"], dict(answer)
    assert answer["code_url"].startswith("weixin://wxpay/bizpayurl"), dict(answer)

    answer = verified(pay, pay.order.query(out_trade_no=number))
    assert answer["trade_state"] == "NOTPAY", dict(answer)
    assert answer["out_trade_no"] == number, dict(answer)

    control("POST", "_sim/orders/%s/pay" % number)

    answer = verified(pay, pay.order.query(out_trade_no=number))
    assert answer["trade_state"] == "SUCCESS", dict(answer)
    assert answer["out_trade_no"] == number, dict(answer)
    assert int(answer["total_fee"]) == TOTAL_FEE, dict(answer)
    assert answer["attach"] == ATTACH, dict(answer)
    transaction_id = answer["transaction_id"]
    assert transaction_id, dict(answer)

    answer = verified(pay, pay.order.query(transaction_id=transaction_id))
    assert answer["out_trade_no"] == number, dict(answer)

    # The notification, its signature already verified by the library.
    body, message = listener.wait()
    assert message["appid"] == APPID and message["mch_id"] == MCH_ID, dict(message)
    assert message["result_code"] == "SUCCESS", dict(message)
    assert message["out_trade_no"] == number, dict(message)
    assert message["total_fee"] == TOTAL_FEE, dict(message)
    assert message["transaction_id"] == transaction_id, dict(message)
    assert message["attach"] == ATTACH, dict(message)
    # It is verified indeed: another amount under the same signature is refused.
    forged = body.replace(str(TOTAL_FEE), str(TOTAL_FEE + 1))
    assert forged != body, body
    try:
        pay.parse_payment_result(forged)
    except InvalidSignatureException:
        pass
    else:
        raise AssertionError("the library accepted a forged notification")

    deadline = time.monotonic() + PATIENCE
    while True:
        order = known_orders()[number]
        if any(attempt["acknowledged"] is True for attempt in order["attempts"]):
            break
        assert time.monotonic() < deadline, "never acknowledged: %r" % order
        time.sleep(0.1)
    assert order["trade_state"] == "SUCCESS", order
    assert int(order["total_fee"]) == TOTAL_FEE, order
    assert order["transaction_id"] == transaction_id, order

    # What is paid stays paid.
    refused = refusal(pay.order.close, number)
    assert refused.errcode == "ORDERPAID", repr(refused)


def closed_order(pay, listener):
    number = new_number()
    # An empty element is sent but not signed.
    verified(pay, create(pay, number, listener.url, attach=""))
    verified(pay, pay.order.close(number))
    answer = verified(pay, pay.order.query(out_trade_no=number))
    assert answer["trade_state"] == "CLOSED", dict(answer)
    assert answer["out_trade_no"] == number, dict(answer)


def refusals(pay, listener):
    number = new_number()
    refused = refusal(create, new_client("f" * 32), number, listener.url)
    assert refused.return_code == "FAIL", repr(refused)
    assert "签名错误" in refused.return_msg, repr(refused)
    assert number not in known_orders()

    refused = refusal(pay.order.query, out_trade_no=number)
    assert refused.return_code == "SUCCESS", repr(refused)
    assert refused.errcode == "ORDERNOTEXIST", repr(refused)


def main():
    if hasattr(signal, "alarm"):
        signal.alarm(LIFETIME)
    # The simulator is a neighbour: a proxy of the environment must not come between.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    pay = new_client()
    listener = NotifyListener(pay)
    paid_order(pay, listener)
    closed_order(pay, listener)
    refusals(pay, listener)
    print("python client: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
