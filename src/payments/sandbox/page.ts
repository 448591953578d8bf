import { amountText } from '../../platform/amount-text.ts'
import type { Call, Route } from '../../platform/http.ts'
import { type Html, html } from './html.ts'
import {
  capturedOf,
  decidePayer,
  type PayerChoice,
  payerChoices,
  releaseOf,
  type SandboxPayment,
  type SandboxTimes,
  stateOf,
} from './payment.ts'
import type { SandboxStore } from './store.ts'

/** The page on which a payer approves or declines a payment of the sandbox. Plain HTML: no script runs on it. */

const styleFile = 'sandbox.css'

/** Allows the style sheet and the forms of this service only, no scripts, and no framing. */
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}

/** The address of the page. @param basePath the path that a proxy leaves on */
export function pageAddress(basePath: string, ref: string): string {
  return `${basePath}/sandbox/payments/${ref}`
}

type PageOptions = Readonly<{ store: SandboxStore; now: () => number; times: SandboxTimes }>

/** The page, and what its buttons lead to. */
export function sandboxPageRoutes(options: PageOptions): Route[] {
  const { store, now } = options
  return [
    {
      method: 'GET',
      path: '/sandbox/payments/:id',
      scope: 'public',
      async handle({ params: { id = '' } }) {
        const payment = await store.read(id)
        if (payment === undefined) return new Response(notFound.markup, { status: 404, headers })
        return new Response(pageOf(payment, now()).markup, { headers })
      },
    },
    ...payerChoices.map(
      (choice): Route => ({
        method: 'POST',
        path: `/sandbox/payments/:id/${choice}`,
        scope: 'public',
        handle: call => choose(call, choice, options),
      }),
    ),
    {
      method: 'GET',
      path: `/sandbox/${styleFile}`,
      scope: 'public',
      handle: () => new Response(style, { headers: { ...headers, 'content-type': 'text/css; charset=utf-8' } }),
    },
  ]
}

async function choose(
  { params: { id = '' } }: Call,
  choice: PayerChoice,
  { store, now, times }: PageOptions,
): Promise<Response> {
  const change = await store.change(id, payment => decidePayer(payment, choice, now(), times))
  if (change === undefined) return new Response(notFound.markup, { status: 404, headers })
  // Also when it was decided before: the page says what the payment is.
  return new Response(null, { status: 303, headers: { ...headers, location: `../${id}` } })
}

function documentOf(title: string, content: Html): Html {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${title}</title>
    <link rel="stylesheet" href="../${styleFile}">
  </head>
  <body>
    <main>
      <p class="sandbox">This is a sandbox: no money moves.</p>
      ${content}
    </main>
  </body>
</html>
`
}

const notFound = documentOf('No such payment', html`<h1>There is no such payment</h1>`)

function pageOf(payment: SandboxPayment, nowMs: number): Html {
  const { orderUid, currency, amount } = payment
  const content = html`<h1>Pay ${amountText(amount, currency)}</h1>
      <p>Order ${orderUid}</p>
      ${actionsOf(payment, nowMs)}`
  return documentOf('Pay in the sandbox', content)
}

function actionsOf(payment: SandboxPayment, nowMs: number): Html {
  const { ref, payer } = payment
  const button = (choice: PayerChoice, text: string) =>
    html`<form method="post" action="${ref}/${choice}"><button class="${choice}">${text}</button></form>`
  if (stateOf(payment, nowMs) !== 'requires_action' || releaseOf(payment, nowMs) !== undefined) {
    return html`<p role="status">${outcomeOf(payment, nowMs)}</p>${wayBack(payment)}`
  }
  if (payer === 'confirms') {
    return html`<p role="status">Your bank asks you to confirm the payment.</p>
      ${[button('approve', 'Confirm'), button('decline', 'Decline')]}`
  }
  return html`${[
    button('approve', 'Approve'),
    button('decline', 'Decline'),
    button('confirm', 'Ask for a confirmation'),
  ]}`
}

function outcomeOf(payment: SandboxPayment, nowMs: number): string {
  const released = releaseOf(payment, nowMs)
  const state = stateOf(payment, nowMs)
  if (released === 'voided' && capturedOf(payment, nowMs) === 0) return 'The shop has cancelled the payment.'
  if (released === 'expired') return 'The payment has expired.'
  if (state === 'declined') return 'The payment was declined.'
  return state === 'processing' ? 'The payment is under way.' : 'The payment was approved.'
}

/** A link to the shop, where it gave a web address. */
function wayBack({ returnUrl }: SandboxPayment): Html {
  if (returnUrl === undefined || !URL.canParse(returnUrl)) return html``
  const { protocol, href } = new URL(returnUrl)
  return ['http:', 'https:'].includes(protocol) ? html`<p><a href="${href}">Back to the shop</a></p>` : html``
}

const style = `:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0; background: Canvas; color: CanvasText; }
main { max-width: 26rem; margin: 10vh auto; padding: 0 1.5rem; }
h1 { margin: 0 0 0.25rem; font-size: 1.75rem; }
.sandbox { padding: 0.5rem 0.75rem; border-left: 4px solid #b7791f; background: #b7791f22; }
form { margin: 0.75rem 0; }
button { width: 100%; padding: 0.75rem; border: 1px solid #8888; border-radius: 0.5rem; background: none; color: inherit; font: inherit; cursor: pointer; }
.approve { border-color: #1f6feb; background: #1f6feb; color: #fff; }
button:focus-visible, a:focus-visible { outline: 3px solid #1f6feb88; outline-offset: 2px; }
`
