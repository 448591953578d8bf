import { createOrdersDatabase } from '../../../test/app.ts'
import { type ProviderSetup, testProvider } from '../../../test/provider-conformance.ts'
import { createLogger } from '../../platform/log.ts'
import { signatureHeader, signedHeader } from '../sandbox/webhooks.ts'
import { createSandbox } from './sandbox.ts'

const log = createLogger({ level: 'silent' })

async function open(): Promise<ProviderSetup> {
  const { pool, drop } = await createOrdersDatabase()
  let passedMs = 0
  const secrets = ['the newest', 'the one before'] as const
  const { provider, routes = [] } = createSandbox({
    pool,
    now: () => Date.now() + passedMs,
    log,
    basePath: '',
    deliver: async () => true,
    secrets,
  })
  const press = async (choice: string, ref: string) => {
    const route = routes.find(({ method, path }) => method === 'POST' && path.endsWith(`/${choice}`))
    const url = `http://localhost/sandbox/payments/${ref}/${choice}`
    await route?.handle({ request: new Request(url, { method: 'POST' }), params: { id: ref }, startedMs: 0 })
  }
  return {
    provider,
    tokens: {
      approve: 'tok_approve',
      decline: 'tok_decline',
      action: 'tok_action',
      timeout: 'tok_timeout',
      late: 'tok_webhook_late',
      refundFailsLater: 'tok_refund_fails_later',
      expires: 'tok_expires',
    },
    payer: { approve: ref => press('approve', ref), decline: ref => press('decline', ref) },
    passTime() {
      passedMs += 2 * 86_400_000
    },
    async event(providerRef, signed) {
      const body = new TextEncoder().encode(
        JSON.stringify({ id: 'evt_1', type: 'payment.captured', payment: providerRef }),
      )
      const secret = { 'the secret': secrets[0], 'the secret before': secrets[1], 'another secret': 'unknown' }[
        signed.with
      ]
      return { headers: new Headers({ [signatureHeader]: signedHeader(body, secret, signed.atMs) }), body }
    },
    capturesOften: true,
    close: drop,
  }
}

testProvider('sandbox', open)
