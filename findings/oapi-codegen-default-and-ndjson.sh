#!/usr/bin/env bash
# oapi-codegen 2.8.2 tells answers apart by whether their media type contains "json", and takes `default` for any status. Where an
# operation answers 200 with application/x-ndjson and has a `default` problem document, a generated client reads the lines as the
# problem: with one line it returns an error answer without fields, with two it fails.
#
# Expected: the bytes of the 200, and no default answer. Seen: default answer set; then "after top-level value".
# The product's document has no `default` beside lines, but each error by its status.
set -euo pipefail
cd "$(mktemp -d)"
cat >openapi.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": { "title": "lines", "version": "1" },
  "paths": {
    "/lines": {
      "get": {
        "operationId": "getLines",
        "responses": {
          "200": { "description": "lines", "content": { "application/x-ndjson": { "schema": { "type": "string" } } } },
          "default": { "description": "an error", "content": { "application/problem+json": { "schema": {
            "type": "object", "properties": { "code": { "type": "string" } } } } } }
        }
      }
    }
  }
}
JSON
go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -version
go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -generate types,client -package main openapi.json >client.go
cat >main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

func main() {
	for _, body := range []string{"{\"line\":1}\n", "{\"line\":1}\n{\"line\":2}\n"} {
		lines, err := ParseGetLinesResponse(&http.Response{
			StatusCode: 200,
			Header:     http.Header{"Content-Type": {"application/x-ndjson"}},
			Body:       io.NopCloser(strings.NewReader(body)),
		})
		fmt.Println(lines != nil && lines.ApplicationproblemJSONDefault != nil, err)
	}
}
GO
printf 'module example.test/lines\n\ngo 1.25\n' >go.mod
go mod tidy >/dev/null 2>&1
seen=$(go run .)
printf 'expected (default answer, error):\nfalse <nil>\nfalse <nil>\nseen:\n%s\n' "$seen"
[ "$seen" = "$(printf "true <nil>\nfalse invalid character '{' after top-level value")" ] || { echo 'this has changed'; exit 1; }
