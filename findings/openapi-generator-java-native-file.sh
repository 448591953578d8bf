#!/usr/bin/env bash
# openapi-generator 7.26.0, Java with the library `native`: a request body of `format: binary` in a media type other than
# application/octet-stream is not sent. The client sends the path of the file as a JSON string, under the media type of the content.
#
# Expected: the two lines of the file. Seen: "/tmp/….ndjson" with its quotes, content-type application/x-ndjson.
# The product's document has batches of JSON lines as binary text; docs/clients.md says to use another library (okhttp-gson does it
# right).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q openapi-generator-cli==7.26.0
cat >openapi.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": { "title": "batch", "version": "1" },
  "paths": {
    "/batch": {
      "post": {
        "operationId": "sendBatch",
        "requestBody": {
          "required": true,
          "content": { "application/x-ndjson": { "schema": { "type": "string", "format": "binary" } } }
        },
        "responses": { "204": { "description": "taken" } }
      }
    }
  }
}
JSON
venv/bin/openapi-generator-cli version
venv/bin/openapi-generator-cli generate -g java --library native -i openapi.json -o client >/dev/null 2>&1
mvn -B -q -f client/pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
  -DincludeScope=compile -DoutputDirectory="$PWD/lib" >/dev/null
cat >Main.java <<'JAVA'
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.DefaultApi;

public class Main {
    public static void main(String[] args) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            System.out.print(exchange.getRequestHeaders().getFirst("content-type") + ": ");
            System.out.println(new String(exchange.getRequestBody().readAllBytes()));
            exchange.sendResponseHeaders(204, -1);
        });
        server.start();
        File lines = new File("lines.ndjson");
        Files.writeString(lines.toPath(), "{\"line\":1}\n{\"line\":2}\n");
        ApiClient client = new ApiClient();
        client.updateBaseUri("http://127.0.0.1:" + server.getAddress().getPort());
        new DefaultApi(client).sendBatch(lines);
        server.stop(0);
    }
}
JAVA
# shellcheck disable=SC2046
javac -nowarn -d classes -cp 'lib/*' $(find client/src/main/java -name '*.java') Main.java
seen=$(java -cp 'classes:lib/*' Main)
echo 'expected: application/x-ndjson: {"line":1} {"line":2}'
echo "seen:     $seen"
[ "$seen" = "application/x-ndjson: \"$PWD/lines.ndjson\"" ] || { echo 'this has changed'; exit 1; }
