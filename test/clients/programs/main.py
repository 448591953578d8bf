"""The program of the client that openapi-python-client makes."""

import json
import re
import sys
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

from orders_client import AuthenticatedClient
from orders_client.api.orders import cancel_order, get_order, list_orders, place_batch, place_order
from orders_client.models import BatchEnd, BatchResult, Order, OrderCommand, OrderStatus, Problem, StoredOrder
from orders_client.types import UNSET, File

url, key, path = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    first, second, third, last = [Order.from_dict(order) for order in json.load(file)]
client = AuthenticatedClient(base_url=url, token=key)

for order in (first, second, third):
    placed = place_order.sync_detailed(client=client, body=order)
    assert placed.status_code == 201 and isinstance(placed.parsed, StoredOrder), placed
read = get_order.sync(first.order_uid, client=client)
assert isinstance(read, StoredOrder)

paged = []
cursor = UNSET
while True:
    page = list_orders.sync_detailed(client=client, customer_id=first.customer_id, limit=1, cursor=cursor)
    assert isinstance(page.parsed, list), page
    paged += [order.order_uid for order in page.parsed]
    link = re.search(r'<([^>]+)>; rel="next"', page.headers.get("link", ""))
    if link is None:
        break
    cursor = parse_qs(urlsplit(link[1]).query)["cursor"][0]

cancelled = cancel_order.sync(second.order_uid, client=client, body=OrderCommand(reason="changed their mind"))
assert isinstance(cancelled, StoredOrder), cancelled
statuses = [OrderStatus.CANCELLED, OrderStatus.EXPIRED]
some = list_orders.sync(client=client, customer_id=first.customer_id, status=statuses)
assert isinstance(some, list), some
missing = get_order.sync("nobody-has-this", client=client)
assert isinstance(missing, Problem)
lines = File(payload=BytesIO(json.dumps(last.to_dict()).encode() + b"\n"))
batch = place_batch.sync(client=client, body=lines)
assert isinstance(batch, File), batch
answers = batch.payload.read().splitlines()
result = BatchResult.from_dict(json.loads(answers[0]))
# Without this last line the answer was cut off.
end = BatchEnd.from_dict(json.loads(answers[-1]))

print(
    json.dumps(
        {
            "read": read.to_dict(),
            "paged": paged,
            "cancelled": [cancelled.status, cancelled.version],
            "some": [order.order_uid for order in some],
            "missing": [missing.status, missing.code],
            "batch": [result.outcome, end.complete, end.placed],
        }
    )
)
