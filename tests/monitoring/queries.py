"""Gives the service something to tell, and puts every query of the dashboard and the alerts to Prometheus."""

import json
import re
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

api, simulator, prometheus, monitoring = sys.argv[1:]
TWO_SCRAPES = 2.5


def call(url, body=None, method=None, content_type="application/json"):
    """What is answered, whatever the status."""
    data = None if body is None else body.encode()
    request = urllib.request.Request(url, data, {"content-type": content_type}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def to_pay():
    deal = {"merchant_id": 1, "product_id": 2, "price": "19.90"}
    return json.loads(call(f"{api}/wxPay/toPay", json.dumps(deal)))["order_id"]


def refund(order_id):
    """All of it goes back."""
    request = urllib.request.Request(f"{api}/wxPay/refund", json.dumps({"order_id": order_id}).encode())
    request.add_header("content-type", "application/json")
    request.add_header("idempotency-key", "all")
    with urllib.request.urlopen(request, timeout=10) as answer:
        told = json.loads(answer.read())
    assert told["refund_state"] == "PROCESSING", told


def trade_state(order_id):
    return json.loads(call(f"{api}/wxPay/queryOrder", json.dumps({"order_id": order_id}))).get("trade_state")


def pay(order_id, notify="normal"):
    """The payer pays, and the notification goes out like this."""
    call(f"{simulator}/_sim/faults", json.dumps({"notify": notify}), "PUT")
    call(f"{simulator}/_sim/orders/{order_id}/pay", "", "POST")
    # It goes out a moment later, by the rule of that moment.
    time.sleep(0.5)


def query(expression):
    url = f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    answer = json.loads(call(url))
    assert answer["status"] == "success", f"{expression}: {answer}"
    return [float(series["value"][1]) for series in answer["data"]["result"]]


def wait_for(expression, patience=30):
    end = time.monotonic() + patience
    while not query(expression):
        assert time.monotonic() < end, f"never true: {expression}"
        time.sleep(0.5)


# One order of each kind: paid and given back, paid without a notification and found by the sweeper or by asking, forged, wrong.
wait_for('up{job="wechat-pay"} == 1')
time.sleep(TWO_SCRAPES)
paid, swept, asked, forged, wrong = (to_pay() for _ in range(5))
pay(paid)
assert trade_state(paid) == "SUCCESS"
refund(paid)
pay(swept, "lost")
pay(asked, "lost")
assert trade_state(asked) == "SUCCESS"
pay(forged, "forged")
pay(wrong, "wrong_amount")
call(f"{api}/wxPay/notify", "no letter", content_type="text/xml")
to_pay()
wait_for('wechat_pay_deals_healed_total{source="sweep"} >= 1')
wait_for('wechat_pay_refunded_fen_total >= 1990')
time.sleep(TWO_SCRAPES)

dashboard = json.loads(Path(monitoring, "dashboard.json").read_text())
panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
shown = [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]
assert len(shown) > 20
for title, expression in shown:
    values = query(expression)
    assert values, f"{title}: nothing is shown by {expression}"
    assert any(value == value for value in values), f"{title}: no number is shown by {expression}"

# The alerts as Prometheus itself has read them, and found them in order.
groups = json.loads(call(f"{prometheus}/api/v1/rules"))["data"]["groups"]
alerts = {rule["name"]: rule for group in groups for rule in group["rules"]}
assert len(alerts) > 10
for name, rule in alerts.items():
    assert rule["health"] == "ok", f"{name}: {rule}"
    query(rule["query"])
raised = sorted(name for name, rule in alerts.items() if rule["state"] == "firing")
assert raised == ["WechatPayMoneyWrong"], raised

# An alert that asks for what is not counted would never be raised. Errors, accounts that are missing, client certificates and a cluster of
# databases are there once there is one.
once_there_is_one = {
    "wechat_pay_store_errors_total",
    "wechat_pay_deals_without_account",
    "wechat_pay_client_certificate_expiry_timestamp_seconds",
    "wechat_pay_client_certificate_not_taken",
    "wechat_pay_database_server",
    "wechat_pay_database_server_preferred",
    "wechat_pay_database_node_synced",
    "wechat_pay_database_cluster_nodes",
    "wechat_pay_database_flow_control_paused_seconds",
    "wechat_pay_database_node_behind_changes",
}
used = {name for _, text in [*shown, *((name, rule["query"]) for name, rule in alerts.items())] for name in re.findall(r"\b(?:wechat_pay|process)_\w+", text)}
for name in used - once_there_is_one:
    assert query(f"count({name})"), f"{name} is not counted"
print(f"monitoring: {len(shown)} queries of the dashboard and {len(alerts)} alerts are answered; {raised[0]} was raised")
