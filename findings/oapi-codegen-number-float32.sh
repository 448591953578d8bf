#!/usr/bin/env bash
# oapi-codegen 2.8.2 makes a `number` without a format a float32, though JSON numbers are doubles nearly everywhere: the client
# rounds values with more than seven digits, without an error. An `integer` without a format becomes an int, of 64 bits.
#
# Expected: float64. Seen: float32; 86400.015625 is read as 86400.016.
# The product's document says `format: double` at every number, and `int64` at every integer that 32 bits may not hold.
set -euo pipefail
cd "$(mktemp -d)"
cat >openapi.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": { "title": "lag", "version": "1" },
  "paths": {
    "/lag": {
      "get": {
        "operationId": "getLag",
        "responses": { "200": { "description": "lag", "content": { "application/json": { "schema": {
          "type": "object", "title": "Lag", "required": ["seconds"], "properties": { "seconds": { "type": "number" } }
        } } } } }
      }
    }
  }
}
JSON
go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -version
go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -generate types,client -package main openapi.json >client.go
grep -n 'json:"seconds"' client.go
cat >main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

func main() {
	answer := &http.Response{
		StatusCode: 200,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(`{"seconds":86400.015625}`)),
	}
	lag, err := ParseGetLagResponse(answer)
	if err != nil {
		panic(err)
	}
	fmt.Println(lag.JSON200.Seconds)
}
GO
printf 'module example.test/lag\n\ngo 1.25\n' >go.mod
go mod tidy >/dev/null 2>&1
seen=$(go run .)
echo 'expected: 86400.015625'
echo "seen:     $seen"
[ "$seen" = 86400.016 ] || { echo 'this has changed'; exit 1; }
