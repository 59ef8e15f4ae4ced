"""Shows that a real WeChat Pay v2 client, wechatpy from PyPI, can talk to the simulator.

The library is used exactly as against WeChat itself; only the base URL and the
merchant's credentials differ. The base URL of the simulator is taken from SIM_URL,
with TLS from SIM_TLS_URL; its certificates lie in SIM_TLS_DIR.

    SIM_URL=http://127.0.0.1:8361 SIM_TLS_URL=https://127.0.0.1:8364 SIM_TLS_DIR=tls python python_client.py
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


class SecuredWeChatPay(WeChatPay):
    """The same with TLS."""

    API_BASE_URL = os.environ["SIM_TLS_URL"].rstrip("/") + "/"


def new_client(api_key=API_KEY):
    return SimulatedWeChatPay(APPID, api_key, MCH_ID, timeout=PATIENCE)


def in_tls_dir(name):
    return os.path.join(os.environ["SIM_TLS_DIR"], name)


def certified_client():
    pair = {"mch_cert": in_tls_dir(MCH_ID + ".pem"), "mch_key": in_tls_dir(MCH_ID + "-key.pem")}
    return SecuredWeChatPay(APPID, API_KEY, MCH_ID, timeout=PATIENCE, **pair)


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
                    parse = {"/wxPay/notify": pay.parse_payment_result, "/wxPay/refundNotify": pay.parse_refund_notify_result}
                    message = parse[self.path](body.decode("utf-8"))
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
        self.refund_url = "http://127.0.0.1:%d/wxPay/refundNotify" % self.server.server_port
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


def control(method, path, body=None):
    """A call beside WeChat's own API: what the payer would do, what the simulator knows."""
    request = urllib.request.Request(
        SimulatedWeChatPay.API_BASE_URL + path,
        method=method,
        data=None if method == "GET" else json.dumps(body or {}).encode("utf-8"),
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


def refunded_order(pay, listener):
    number = new_number()
    create(pay, number, listener.url)
    refused = refusal(pay.refund.apply, TOTAL_FEE, 500, number + "_1", out_trade_no=number)
    assert refused.errcode == "TRADE_STATE_ERROR", repr(refused)
    control("POST", "_sim/orders/%s/pay" % number)
    listener.wait()

    def apply(refund_fee):
        return pay.refund.apply(
            TOTAL_FEE,
            refund_fee,
            number + "_1",
            out_trade_no=number,
            refund_desc="商品已售完",
            notify_url=listener.refund_url,
        )

    answer = verified(pay, apply(500))
    assert answer["out_refund_no"] == number + "_1" and int(answer["refund_fee"]) == 500, dict(answer)
    refund_id = answer["refund_id"]
    assert verified(pay, apply(500))["refund_id"] == refund_id, "the same number is the same refund"
    refused = refusal(apply, 501)
    assert refused.errcode == "REFUND_FEE_MISMATCH", repr(refused)

    # The notification, decrypted by the library.
    _, message = listener.wait()
    assert message["refund_id"] == refund_id and message["refund_status"] == "SUCCESS", dict(message)
    assert message["refund_fee"] == 500 and message["total_fee"] == TOTAL_FEE, dict(message)
    assert message["refund_request_source"] == "API", dict(message)

    control("POST", "_sim/orders/%s/refund-by-hand" % number)
    for wanted in ({"out_trade_no": number}, {"transaction_id": answer["transaction_id"]}):
        query = verified(pay, pay.refund.query(**wanted))
        assert int(query["refund_count"]) == 2 and int(query["refund_fee"]) == TOTAL_FEE, dict(query)
        assert query["refund_id_0"] == refund_id and query["refund_status_0"] == "SUCCESS", dict(query)
        assert int(query["refund_fee_1"]) == TOTAL_FEE - 500, dict(query)
    for wanted in ({"refund_id": refund_id}, {"out_refund_no": number + "_1"}):
        assert int(verified(pay, pay.refund.query(**wanted))["refund_count"]) == 1
    refused = refusal(pay.refund.query, out_refund_no=number + "_2")
    assert refused.errcode == "REFUNDNOTEXIST", repr(refused)
    assert verified(pay, pay.order.query(out_trade_no=number))["trade_state"] == "REFUND"


def ended_otherwise(pay, listener):
    """WeChat gives one refund up, and the payer's bank refuses another."""
    for state in ("REFUNDCLOSE", "CHANGE"):
        control("PUT", "_sim/faults", {"refund_end": state})
        number = new_number()
        create(pay, number, listener.url)
        control("POST", "_sim/orders/%s/pay?notify=lost" % number)
        verified(pay, pay.refund.apply(TOTAL_FEE, TOTAL_FEE, number, out_trade_no=number, notify_url=listener.refund_url))
        _, message = listener.wait()
        assert message["out_refund_no"] == number and message["refund_status"] == state, dict(message)
        assert "success_time" not in message, dict(message)
        query = verified(pay, pay.refund.query(out_refund_no=number))
        assert query["refund_status_0"] == state and "refund_success_time_0" not in query, dict(query)
    control("PUT", "_sim/faults", {"refund_end": "SUCCESS"})


def without_a_certificate():
    pay = SecuredWeChatPay(APPID, API_KEY, MCH_ID, timeout=PATIENCE)
    refused = refusal_of_nginx(pay.refund.apply, TOTAL_FEE, 500, "R1", out_trade_no=new_number())
    assert "No required SSL certificate was sent" in refused.text, refused.text
    # Other calls need none.
    refused = refusal(pay.refund.query, out_refund_no=new_number())
    assert refused.errcode == "REFUNDNOTEXIST", repr(refused)


def refusal_of_nginx(call, *args, **kwargs):
    try:
        answer = call(*args, **kwargs)
    except WeChatPayException as refused:
        assert refused.response.status_code == 400, refused.response.status_code
        return refused.response
    raise AssertionError("was not refused: %r" % (answer,))


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
    os.environ["REQUESTS_CA_BUNDLE"] = in_tls_dir("ca.pem")
    pay = new_client()
    listener = NotifyListener(pay)
    paid_order(pay, listener)
    refunded_order(pay, listener)
    refunded_order(certified_client(), listener)
    ended_otherwise(certified_client(), listener)
    without_a_certificate()
    closed_order(pay, listener)
    refusals(pay, listener)
    print("python client: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
