#!/usr/bin/env bash
# A `$ref` may lead to any place of a document, so also to a property of another schema (OpenAPI 3.1: a reference is a URI with a
# JSON Pointer). Of three generators one takes it, one refuses the whole document, and one drops the schema that refers there, and
# with it each answer that has it, and ends with exit code 0.
#
# Expected: a type for Result by each. Seen: by openapi-typescript alone.
# The product's documents refer to named schemas only.
set -euo pipefail
cd "$(mktemp -d)"
cat >openapi.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": { "title": "refs", "version": "1" },
  "paths": {
    "/result": {
      "get": {
        "operationId": "getResult",
        "responses": { "200": { "description": "a result", "content": { "application/json": {
          "schema": { "$ref": "#/components/schemas/Result" } } } } }
      }
    }
  },
  "components": { "schemas": {
    "Problem": { "type": "object", "properties": {
      "errors": { "type": "array", "items": { "type": "object", "properties": { "detail": { "type": "string" } } } } } },
    "Result": { "type": "object", "properties": { "errors": { "$ref": "#/components/schemas/Problem/properties/errors" } } }
  } }
}
JSON
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error openapi-typescript@7.13.0 typescript@5.9.3
python3 -m venv venv
venv/bin/pip install -q openapi-python-client==0.29.1
changed=0

node_modules/.bin/openapi-typescript openapi.json -o schema.d.ts >/dev/null 2>&1 &&
  grep -q 'errors?: components\["schemas"\]\["Problem"\]\["errors"\]' schema.d.ts &&
  echo 'openapi-typescript 7.13.0: the type of the property' || changed=1

if go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -generate types -package refs openapi.json >go.log 2>&1; then
  changed=1
fi
grep -m1 -o 'unexpected reference depth.*' go.log | sed 's/^/oapi-codegen 2.8.2 refuses: /' || changed=1

venv/bin/openapi-python-client generate --path openapi.json --output-path client >python.log 2>&1 || changed=1
if [ -e client/refs_client/models/result.py ]; then changed=1; fi
grep -A1 'has resulted in the removal of' python.log | tr '\n' ' ' | sed 's/^/openapi-python-client 0.29.1, exit code 0: /'
echo

[ "$changed" = 0 ] || { echo 'this has changed'; exit 1; }
