#!/usr/bin/env bash
# Stripe's library is told how often to repeat a call: `maxNetworkRetries`, whose 0 stands for never. A connection that is cut is repeated
# once all the same, before the setting is looked at. A POST without an idempotency key of the caller's gets one for it.
#
# Expected with maxNetworkRetries 0: one request, and a StripeConnectionError. Seen: two requests with one key, then the error.
# The product gives each call the id of its stored operation as the key, so that the repetition has no second effect, and counts on it
# that two answers must be lost before a call fails.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error stripe@23.1.0
cat >cut.mjs <<'JS'
import { createServer } from 'node:http'
import Stripe from 'stripe'
const requests = []
const server = createServer((request, response) => {
  requests.push({ key: request.headers['idempotency-key'] })
  request.resume().on('end', () => response.socket.resetAndDestroy())
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const stripe = new Stripe('sk_test_none', { host: '127.0.0.1', port: server.address().port, protocol: 'http', maxNetworkRetries: 0 })
const failure = await stripe.refunds.create({ payment_intent: 'pi_1', amount: 100 }).catch(error => error.type)
console.log(`stripe 23.1.0, maxNetworkRetries 0: ${requests.length} requests, ${new Set(requests.map(({ key }) => key)).size} key, ${failure}`)
server.close()
process.exitCode = requests.length === 2 && requests[0].key === requests[1].key && requests[0].key ? 0 : 1
JS
node cut.mjs || { echo 'this has changed'; exit 1; }
