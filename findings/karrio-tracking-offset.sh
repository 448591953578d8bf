#!/usr/bin/env bash
# karrio 2026.1.32 gives tracking events an ISO 8601 `timestamp`. It takes the clock as the carrier wrote it, drops the offset that the carrier
# gave, and appends a Z: a scan at 09:30 in New York (-05:00) comes out as 09:30 UTC, five hours before it happened.
#
# Expected: 2026-11-28T14:30:00.000Z. Seen: 2026-11-28T09:30:00.000Z.
# The product believes no Z of an aggregator: the time stays local, its zone is `assumed`, and it has no instant.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q karrio==2026.1.32 karrio-fedex==2026.1.32
seen=$(venv/bin/python - <<'PY'
import karrio.lib as lib
from karrio.mappers.fedex import Settings
from karrio.providers.fedex.tracking import parse_tracking_response
settings = Settings(api_key="k", secret_key="s", account_number="1", track_api_key="k", track_secret_key="s")
scan = {"date": "2026-11-28T09:30:00-05:00", "eventType": "PU", "eventDescription": "Picked up", "scanLocation": {"city": "NEW YORK"}}
result = {"scanEvents": [scan], "latestStatusDetail": {"code": "PU"}, "trackingNumberInfo": {"trackingNumber": "123456789012"}}
answer = {"output": {"completeTrackResults": [{"trackingNumber": "123456789012", "trackResults": [result]}]}}
[details], _ = parse_tracking_response(lib.Deserializable(answer, lambda one: one), settings)
print(details.events[0].timestamp)
PY
)
echo 'given:    2026-11-28T09:30:00-05:00'
echo 'expected: 2026-11-28T14:30:00.000Z'
echo "seen:     $seen"
[ "$seen" = '2026-11-28T09:30:00.000Z' ] || { echo 'this has changed'; exit 1; }
