#!/usr/bin/env bash
# openapi-generator 7.26.0, Java: an array of an enum with `uniqueItems: true` becomes a Set, and the client does not compile.
#
# Expected: a client that compiles. Seen: generated without an error or a warning about it; javac stops.
# The product leaves `uniqueItems` out of its document where the items are an enum, and checks it all the same.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q openapi-generator-cli==7.26.0
document() {
  cat <<JSON
{
  "openapi": "3.1.0",
  "info": { "title": "keys", "version": "1" },
  "paths": {
    "/keys": {
      "post": {
        "operationId": "createKey",
        "requestBody": { "content": { "application/json": { "schema": { "\$ref": "#/components/schemas/NewKey" } } } },
        "responses": { "204": { "description": "made" } }
      }
    }
  },
  "components": { "schemas": { "NewKey": { "type": "object", "properties": {
    "scopes": { "type": "array", $1 "items": { "type": "string", "enum": ["read", "write"] } }
  } } } }
}
JSON
}
compiles() {
  document "$2" >"$1.json"
  venv/bin/openapi-generator-cli generate -g java --library native -i "$1.json" -o "$1" >"$1.log" 2>&1
  mvn -B -q -f "$1/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=compile -DoutputDirectory="$PWD/lib" >/dev/null
  # shellcheck disable=SC2046
  javac -nowarn -d "$1.classes" -cp 'lib/*' $(find "$1/src/main/java" -name '*.java') >"$1.javac" 2>&1
}
venv/bin/openapi-generator-cli version
compiles list '' && echo 'without uniqueItems: compiles'
if compiles set '"uniqueItems": true,'; then
  echo 'with uniqueItems: compiles. this has changed'
  exit 1
fi
echo 'with uniqueItems: does not compile:'
grep -m3 'error:' set.javac
