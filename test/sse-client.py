"""Prints what a client library hands on of a stream, a JSON array a line, until a message has the text that is given.

usage: sse-client.py httpx-sse|sseclient URL TEXT
"""

import json
import sys

library, url, text = sys.argv[1:]
headers = {"accept": "text/event-stream"}


def messages():
    if library == "httpx-sse":
        import httpx
        from httpx_sse import connect_sse

        with httpx.Client(timeout=None) as client, connect_sse(client, "GET", url) as source:
            yield from source.iter_sse()
    else:
        import sseclient

        yield from sseclient.SSEClient(url, headers=headers)


for message in messages():
    print(json.dumps([message.event, message.data, message.id]), flush=True)
    if text in message.data:
        break
