import { join } from 'node:path'
import type { Documents } from '../module.ts'
import type { Route } from '../platform/http.ts'
import { filesRoot } from '../platform/root.ts'
import { staticRoutes } from '../platform/static-files.ts'

/** At /api/docs: its addresses are relative, since a proxy may serve it under a path of its own. */
const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Orders API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="icon" href="docs/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`
const script = `SwaggerUIBundle({ url: new URL('openapi.json', location.href).href, dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null })\n`

/** The OpenAPI and AsyncAPI documents, and the page that shows the first; everything on it comes from this service. */
export function documentationRoutes(documents: () => Documents): Route[] {
  const folder = join(filesRoot, 'node_modules', 'swagger-ui-dist')
  const only = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']
  const headers = {
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
      "base-uri 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
  }
  const text = (body: string, type: string) => () =>
    new Response(body, { headers: { ...headers, 'content-type': type } })
  const get = { method: 'GET', scope: 'public' } as const
  return [
    { ...get, path: '/api/openapi.json', handle: () => Response.json(documents().openApi) },
    { ...get, path: '/api/asyncapi.json', handle: () => Response.json(documents().asyncApi) },
    { ...get, path: '/api/docs', handle: text(page, 'text/html; charset=utf-8') },
    { ...get, path: '/api/docs/start.js', handle: text(script, 'text/javascript; charset=utf-8') },
    ...staticRoutes({ folder, prefix: '/api/docs/', only }),
  ]
}
