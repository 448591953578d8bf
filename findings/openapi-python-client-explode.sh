#!/usr/bin/env bash
# openapi-python-client 0.29.1 ignores `explode: false`: a list that OpenAPI says is sent as ?status=a,b is sent as
# ?status=a&status=b, without a warning. A server that reads the first value filters by half of what was asked.
#
# Expected: status=open%2Cclosed (or with a comma). Seen: status=open&status=closed.
# The product takes several values both ways, and refuses a parameter given twice where only one value is allowed.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q openapi-python-client==0.29.1 httpx==0.28.1 attrs==26.1.0
cat >openapi.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": { "title": "list", "version": "1" },
  "paths": {
    "/orders": {
      "get": {
        "operationId": "listOrders",
        "parameters": [
          { "name": "status", "in": "query", "style": "form", "explode": false,
            "schema": { "type": "array", "items": { "type": "string" } } }
        ],
        "responses": { "204": { "description": "none" } }
      }
    }
  }
}
JSON
venv/bin/openapi-python-client --version
venv/bin/openapi-python-client generate --path openapi.json --output-path client >/dev/null 2>&1
seen=$(cd client && ../venv/bin/python - <<'PY'
import httpx
from list_client.api.default.list_orders import _get_kwargs
call = _get_kwargs(status=["open", "closed"])
print(httpx.Request(call["method"], "http://127.0.0.1" + call["url"], params=call["params"]).url.query.decode())
PY
)
echo "expected: status=open,closed"
echo "seen:     $seen"
[ "$seen" = 'status=open&status=closed' ] || { echo 'this has changed'; exit 1; }
