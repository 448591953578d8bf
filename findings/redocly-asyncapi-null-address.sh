#!/usr/bin/env bash
# Redocly 2.77.0 refuses `"address": null` of an AsyncAPI 3.0 channel as an error. The specification gives null a meaning (the
# address is not known yet, such as that of a webhook's receiver), its JSON Schema allows it, and its own parser takes it.
#
# Expected: no error. Seen: Expected type `string` but got `null`.
# The product leaves the address out, which means the same and passes both.
set -euo pipefail
cd "$(mktemp -d)"
document() {
  cat <<JSON
{
  "asyncapi": "3.0.0",
  "info": { "title": "hooks", "version": "1" },
  "channels": { "hooks": { $1 "messages": { "ping": { "payload": { "type": "string" } } } } },
  "operations": { "send": { "action": "send", "channel": { "\$ref": "#/channels/hooks" } } }
}
JSON
}
document '"address": null,' >null.json
document '' >absent.json
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error @redocly/cli@2.77.0 @asyncapi/parser@3.6.6
cat >parse.cjs <<'JS'
const { Parser } = require('@asyncapi/parser')
const text = require('node:fs').readFileSync('null.json', 'utf8')
new Parser().parse(text).then(({ diagnostics }) => {
  console.log('errors by @asyncapi/parser 3.6.6:', diagnostics.filter(({ severity }) => severity === 0).length)
})
JS
node parse.cjs
node_modules/.bin/redocly lint --format=stylish absent.json >absent.log 2>&1 && echo 'redocly 2.77.0, no address: no error'
if node_modules/.bin/redocly lint --format=stylish null.json >null.log 2>&1; then
  echo 'redocly 2.77.0, null: no error. this has changed'
  exit 1
fi
printf 'redocly 2.77.0, null: '
grep -m1 -o 'Expected type.*' null.log
